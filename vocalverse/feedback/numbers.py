"""How numbers are told to singers: few digits, and a unit in their language."""

from collections.abc import Mapping
from dataclasses import dataclass

from vocalverse.evidence.kind import Unit
from vocalverse.records import Language

_PERCENT = 100.0


@dataclass(frozen=True)
class Spoken:
    """A unit in words. `{}` is the number."""

    one: str
    many: str
    zh: str
    digits: int = 0  # behind the point


_UNITS: Mapping[Unit, Spoken] = {
    Unit.CENTS: Spoken("{} cent", "{} cents", "{} 音分"),
    Unit.CENTS_PER_S: Spoken("{} cent a second", "{} cents a second", "每秒 {} 音分"),
    Unit.DB: Spoken("{} dB", "{} dB", "{} 分贝", digits=1),
    Unit.HZ: Spoken("{} Hz", "{} Hz", "{} 赫兹", digits=1),
    Unit.MS: Spoken("{} ms", "{} ms", "{} 毫秒"),
    Unit.S: Spoken("{} second", "{} seconds", "{} 秒", digits=1),
    Unit.SEMITONES: Spoken("{} semitone", "{} semitones", "{} 个半音", digits=1),
    Unit.SHARE: Spoken("{} %", "{} %", "{}%"),
    Unit.PER_MINUTE: Spoken("{} a minute", "{} a minute", "每分钟 {} 次"),
    Unit.COUNT: Spoken("{}", "{}", "{}"),
    Unit.MARK: Spoken("{} of 100", "{} of 100", "{} 分"),
}


@dataclass(frozen=True)
class Larger:
    unit: Unit
    of: float  # the smaller ones


_LARGER: Mapping[Unit, Larger] = {Unit.CENTS: Larger(Unit.SEMITONES, 100.0), Unit.MS: Larger(Unit.S, 1000.0)}
_FEW = 10.0  # from here on nobody asks for what is behind the point


def told(value: float, unit: Unit, language: Language) -> str:
    larger = _LARGER.get(unit)
    if larger and abs(value) >= larger.of:
        return told(value / larger.of, larger.unit, language)
    spoken = _UNITS[unit]
    number = _rounded(value * _PERCENT if unit is Unit.SHARE else value, spoken.digits)
    if language is Language.ZH:
        return spoken.zh.format(number)
    return (spoken.one if number == "1" else spoken.many).format(number)


def _rounded(value: float, digits: int) -> str:
    fine = digits if abs(value) < _FEW else 0
    number = f"{value:.{fine}f}"
    plain = number.rstrip("0").rstrip(".") if "." in number else number
    return "0" if plain == "-0" else plain
