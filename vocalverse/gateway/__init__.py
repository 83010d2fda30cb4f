"""The HTTP side of the house. It knows Postgres and the blob store, and neither Redis nor any model."""
