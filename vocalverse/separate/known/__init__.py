"""A backing that is known, taken out of a recording: where it stands, on which clock, and what the room made of it."""

from vocalverse.separate.known.cancel import Cancelled, cancel
from vocalverse.separate.known.remains import voice_of

__all__ = ["Cancelled", "cancel", "voice_of"]
