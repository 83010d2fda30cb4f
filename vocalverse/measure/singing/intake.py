"""What is heard of the air that is taken before phrases, gasps above all.

A breath has a shape by which it is found; here only its place is asked for. So a gasp that runs into the voice is heard
as well, and where nothing is heard, that is told too.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from vocalverse.measure.frames import BIN_HZ, Heard
from vocalverse.measure.phrases import Phrase
from vocalverse.measure.runs import frames_between
from vocalverse.measure.singing.breath import roughness_db

QUIET_DB = -50.0  # against the voice: what is softer nobody hears
_BAND_HZ = (800.0, 3_800.0)  # hisses lie above
_LOOK_S = 0.35  # before the voice: a consonant is less than half of it
_SHORTEST_S = 0.18
_ONSET_S = 0.04  # the voice is within the window
_FADES_S = 0.1  # the end of the phrase before
_STILL_SHARE = 20  # percentile of a pause's power: the room's noise, and what is left of a backing
_LEAST_OVER = 1.4  # times that is no chance
_HIDES_DB = -38.0  # against the voice: under a noise as loud a soft breath is not heard
_TONAL_DB = 5.0  # noise has up to 4, harmonics have more
_LONGEST_PAUSE_S = 2.0  # what lies before that is no part of it


@dataclass(frozen=True)
class Intake:
    phrase: int
    start_s: float
    end_s: float
    level_db: float  # noise against the take's median voice, at least `QUIET_DB`


def find_intakes(heard: Heard, phrases: Sequence[Phrase]) -> tuple[Intake, ...]:
    """Of each phrase with time for one. What sounds there as a tone does, of a backing or a room, tells nothing, nor does
    a pause whose noise hides what is in it.
    """
    voiced = heard.pitch.voiced
    if not voiced.any():
        return ()
    voice_db = float(np.median(heard.wet.level_db[voiced]))
    first, last = (round(hz / BIN_HZ) for hz in _BAND_HZ)
    power = heard.wet.power[:, first : last + 1].sum(axis=1)
    found = []
    for index, begins_s, ends_s in _pauses(phrases):
        pause = frames_between(begins_s, ends_s, count=len(power))
        window = frames_between(max(begins_s, ends_s - _LOOK_S), ends_s, count=len(power))
        still = float(np.percentile(power[pause], _STILL_SHARE))
        still_db, level_db = (
            _decibels(each) - voice_db for each in (still, float(np.median(power[window])) - _LEAST_OVER * still)
        )
        level_db = max(QUIET_DB, level_db)
        hidden = still_db > max(_HIDES_DB, level_db)
        tonal = level_db > QUIET_DB and np.median(roughness_db(heard.wet.power[window])) > _TONAL_DB
        if hidden or tonal:
            continue
        found.append(Intake(index, max(begins_s, ends_s - _LOOK_S), ends_s, level_db))
    return tuple(found)


def _pauses(phrases: Sequence[Phrase]) -> Iterator[tuple[int, float, float]]:
    """Phrases, and from when to when there is nothing but air before them."""
    ended_s = 0.0
    for index, phrase in enumerate(phrases):
        ends_s = phrase.start_s - _ONSET_S
        begins_s = max(ended_s + _FADES_S, ends_s - _LONGEST_PAUSE_S)
        if ends_s - begins_s >= _SHORTEST_S:
            yield index, begins_s, ends_s
        ended_s = phrase.end_s


def _decibels(power: float) -> float:
    return 10 * math.log10(max(power, 1e-20))
