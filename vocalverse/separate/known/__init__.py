"""A backing that is known, taken out of a recording: where it stands, on which clock, and what the room made of it."""

from vocalverse.separate.known.cancel import Cancelled, cancel

__all__ = ["Cancelled", "cancel"]
