"""Evidence of technique."""

from vocalverse.evidence.kind import Kind

KINDS: tuple[Kind, ...] = ()
