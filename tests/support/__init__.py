"""Real services for the tests: an IMAP server, a PostgreSQL server, and a proxy that spoils connections."""
