"""Evidence of emotion."""

from vocalverse.evidence.kind import Kind

KINDS: tuple[Kind, ...] = ()
