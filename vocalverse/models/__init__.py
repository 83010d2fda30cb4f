"""Models that an operator may fetch: what is offered, what is here, and how it gets in."""
