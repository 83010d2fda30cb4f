"""Evidence of timbre."""

from vocalverse.evidence.kind import Kind

KINDS: tuple[Kind, ...] = ()
