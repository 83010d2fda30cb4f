"""Postgres is the truth, and blobs lie beside it."""
