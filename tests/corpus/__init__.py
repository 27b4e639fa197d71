"""Tests on a folder of real inputs that nobody here wrote: `make corpus CORPUS=DIR`.

The folder holds `emails/mimekit`, `emails/cpython`, `emails/zapier-reply`, `scans`, `bad/qpdf`, `bad/csv-spectrum`,
`bad/blns`, `bad/xss`, `bad/csv-injection`. It is not part of this project.
"""
