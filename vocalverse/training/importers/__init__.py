"""Public collections, and lists of one's own, as rows of a manifest."""
