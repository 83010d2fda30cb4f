"""All evidence that a take has."""

from collections.abc import Mapping
from dataclasses import replace

from vocalverse.evidence import breath, emotion, technique, timbre
from vocalverse.evidence.kind import Found, Kind
from vocalverse.measure.take import Measured

KINDS: tuple[Kind, ...] = (*breath.KINDS, *technique.KINDS, *timbre.KINDS, *emotion.KINDS)


def find_evidence(measured: Measured) -> Mapping[str, Found]:
    """By name, what there is of it. What comes again wave for wave counts once."""
    found = {kind.name: kind.find(measured) for kind in KINDS}
    once = 1 - measured.authenticity.repetition.share
    return {name: replace(one, amount=once * one.amount) for name, one in found.items() if one is not None}
