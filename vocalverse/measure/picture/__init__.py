"""A take on paper: what was sung over what should be, row under row, as PNG or SVG."""
