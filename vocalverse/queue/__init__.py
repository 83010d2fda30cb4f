"""How work reaches workers: Postgres decides, Redis with RQ only delivers."""
