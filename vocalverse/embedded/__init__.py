"""Postgres and Valkey out of wheels, and the supervisor that `vocalverse up` is."""
