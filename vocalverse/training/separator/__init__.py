"""Training a separating network from a manifest of voices, backings and rooms."""
