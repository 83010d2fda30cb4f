"""Evidence of breath control."""

import numpy as np

from vocalverse.evidence.kind import Found, Kind, Moment, Unit
from vocalverse.measure.take import Measured


def _held_ends(measured: Measured) -> Found | None:
    """How much softer phrases are at their ends."""
    ends = [(measured.phrases[end.phrase], end.held_db) for end in measured.breathing.ends]
    known = [Moment(phrase.start_s, phrase.end_s, held_db) for phrase, held_db in ends if held_db is not None]
    if not known:
        return None
    return Found(float(np.median([one.value for one in known])), len(known), tuple(known))


KINDS = (Kind("phrase_ends_held", Unit.DB, _held_ends),)
