"""Singing out of numbers, whose truth is known, and what can be done to a take: for tests, benches and training."""
