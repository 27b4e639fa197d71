"""Bytes into items and parts with places, by media type, in processes of their own.

``sandbox.ReaderPool`` is the way in. Nothing here knows channels, the database or the consultation.
"""
