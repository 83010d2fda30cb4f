"""Evidence of timbre."""

from collections.abc import Callable

import numpy as np

from vocalverse.evidence.kind import Found, Kind, Moment, Unit
from vocalverse.evidence.moments import plainest
from vocalverse.measure.singing.colour import PhraseColour
from vocalverse.measure.take import Measured

_WORTH_S = 10.0  # of clean voice: all that a take tells whose voice is as loud as what is heard beside it
_NOISE_DB = 10.0  # below the voice does as much
_ECHO_DB = 17.0  # what sounds on weighs fifty times: while the next tone begins it is louder
_USUAL_TAIL_DB = -18.0  # of a take without a rest


def _clear(measured: Measured) -> Found | None:
    """Tone against noise."""
    colour = measured.colour
    moments = _by_phrase(measured, lambda phrase: phrase.clear_db)
    return _of_seconds(measured, colour.clear_db, colour.held_s, moments, echo=_echo(measured))


def _rough(measured: Measured) -> Found | None:
    """How much of the voice is no tone."""
    colour = measured.colour
    moments = _by_phrase(measured, lambda phrase: phrase.rough_share)
    return _of_seconds(measured, colour.rough_share, colour.held_s, moments, echo=_echo(measured))


def _open(measured: Measured) -> Found | None:
    """The vowels' own range against the body below: through the nose, and with a closed mouth, there is little."""
    if (balance := measured.colour.balance) is None:
        return None
    moments = _by_phrase(measured, lambda phrase: phrase.balance.open_db if phrase.balance else None)
    return _of_seconds(measured, balance.open_db, balance.loud_s, moments)


def _carries(measured: Measured) -> Found | None:
    """2 to 4 kHz against all below: muffled, or carrying, or shrill."""
    if (balance := measured.colour.balance) is None:
        return None
    moments = _by_phrase(measured, lambda phrase: phrase.balance.carries_db if phrase.balance else None)
    return _of_seconds(measured, balance.carries_db, balance.loud_s, moments)


def _wavers(measured: Measured) -> Found | None:
    """How much the colour flickers within tones."""
    tones = measured.colour.tones
    moments = plainest([Moment(tone.start_s, tone.end_s, tone.wavers_db) for tone in tones])
    seconds = sum(tone.end_s - tone.start_s for tone in tones)
    return _of_seconds(measured, measured.colour.wavers_db, seconds, moments, echo=_echo(measured))


def _rings(measured: Measured) -> Found | None:
    """How far the singer's formant stands out."""
    ring = measured.ring
    return None if ring.formant_db is None else _of_seconds(measured, ring.formant_db, ring.loud_s, ())


def _by_phrase(measured: Measured, of: Callable[[PhraseColour], float | None]) -> tuple[Moment, ...]:
    told = ((measured.phrases[one.phrase], of(one)) for one in measured.colour.phrases)
    return plainest([Moment(phrase.start_s, phrase.end_s, value) for phrase, value in told if value is not None])


def _of_seconds(
    measured: Measured, value: float | None, seconds: float, moments: tuple[Moment, ...], *, echo: float = 0.0
) -> Found | None:
    """However long it is, a take tells no more than what lies beside the voice leaves of it."""
    if value is None or not seconds:
        return None
    return Found(value, 1 / (1 / seconds + (_beside(measured) + echo) / _WORTH_S), moments)


def _beside(measured: Measured) -> float:
    """The power of backing and noise against the voice's, noise ten times: it has no harmonics to be known by."""
    in_mix_db, snr_db = measured.authenticity.presence.in_mix_db, measured.room.snr_db
    backing = max(0.0, _power(-in_mix_db) - 1) if in_mix_db is not None else 0.0
    return backing + (_power(_NOISE_DB - snr_db) if snr_db is not None else 0.0)


def _echo(measured: Measured) -> float:
    """The room's, against the voice: tones before sound on as noise to this one."""
    tail_db = measured.colour.tail_db
    return _power(_ECHO_DB + (_USUAL_TAIL_DB if tail_db is None else tail_db))


def _power(db: float) -> float:
    return float(np.power(10, db / 10))


KINDS = (
    Kind("tone_clear", Unit.DB, _clear),
    Kind("tone_rough", Unit.SHARE, _rough),
    Kind("tone_open", Unit.DB, _open),
    Kind("tone_carries", Unit.DB, _carries),
    Kind("tone_wavers", Unit.DB, _wavers),
    Kind("tone_rings", Unit.DB, _rings),
)
