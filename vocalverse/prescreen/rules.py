"""The rules as a file says them: what speaks against judging a take, from where on, and why."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from vocalverse.errors import RulesBroken
from vocalverse.prescreen.evidence import Evidence, names
from vocalverse.records import Reason, Remark

BUNDLED = Path(__file__).with_name("rules.toml")
_LARGEST = 2**20  # bytes


class Effect(StrEnum):
    """What a rule does where it fires."""

    REFUSE = "refuse"
    LOW = "low"  # where enough of them fire
    WARN = "warn"  # the take is judged all the same


@dataclass(frozen=True)
class Condition:
    """Holds strictly above or below; never where the measure is not known."""

    measure: str
    above: float | None = None
    below: float | None = None

    @property
    def threshold(self) -> float:
        return next(limit for limit in (self.above, self.below) if limit is not None)

    def holds(self, evidence: Evidence) -> bool:
        value = evidence.get(self.measure)
        if value is None:
            return False
        return value > self.above if self.above is not None else value < self.threshold


@dataclass(frozen=True)
class Rule:
    """Fires where all of `when` holds."""

    code: Reason | Remark
    outcome: Effect
    when: tuple[Condition, ...]
    why: str
    weight: float = 1.0  # of those that make a take low
    told: tuple[str, ...] = ()  # further measures that its reason carries

    def fires(self, evidence: Evidence) -> bool:
        return all(condition.holds(evidence) for condition in self.when)


@dataclass(frozen=True)
class Rules:
    low_from: float  # weights of the rules that fire, added up
    rule: tuple[Rule, ...]


@cache
def bundled() -> Rules:
    return read(BUNDLED)


def read(path: Path) -> Rules:
    """Says which rule is wrong, and how."""
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            raise RulesBroken(f"{path} is larger than {_LARGEST >> 20} MiB, which no rules are.")
        said = tomllib.loads(data.decode())
    except OSError as error:
        raise RulesBroken(f"{path} cannot be read: {error.strerror or error}.") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RulesBroken(f"{path} is no TOML in UTF-8: {error}.") from None
    try:
        return _rules(said)
    except _WrongError as wrong:
        raise RulesBroken(f"{path}: {wrong}") from None


def as_toml(rules: Rules) -> str:
    """As `read` reads it."""
    lines = [f"low_from = {rules.low_from!r}"]
    for rule in rules.rule:
        lines += ["", "[[rule]]", f"code = {_text(rule.code)}", f"outcome = {_text(rule.outcome)}"]
        lines += [f"when = [{', '.join(map(_condition_as_toml, rule.when))}]"]
        lines += [f"weight = {rule.weight!r}"] if rule.weight != Rule.weight else []
        lines += [f"told = [{', '.join(map(_text, rule.told))}]"] if rule.told else []
        lines += [f"why = {_text(rule.why)}"]
    return "\n".join(lines) + "\n"


def _condition_as_toml(condition: Condition) -> str:
    side = "below" if condition.above is None else "above"
    return f"{{measure = {_text(condition.measure)}, {side} = {condition.threshold!r}}}"


def _text(said: str) -> str:
    """TOML's strings are JSON's, but for DEL."""
    return json.dumps(str(said), ensure_ascii=False).replace("\x7f", "\\u007f")


class _WrongError(Exception):
    """What is wrong, without the file's name."""


def _rules(said: Mapping[str, Any]) -> Rules:
    _check_keys(Rules, said, "the file")
    listed = _of_type(said["rule"], list, "rule")
    rules = tuple(_rule(one, f"rule {number}") for number, one in enumerate(listed, 1))
    return Rules(_positive(said["low_from"], "low_from"), rules)


def _rule(said: Any, where: str) -> Rule:
    _check_keys(Rule, _of_type(said, dict, where), where)
    where = f"{where} ({said['code']})"
    outcome = _word(Effect, said["outcome"], f"{where}, outcome")
    when = _of_type(said["when"], list, f"{where}, when")
    told = tuple(_measure(name, f"{where}, told") for name in _of_type(said.get("told", []), list, f"{where}, told"))
    if not when:
        raise _WrongError(f"{where} has no condition, and would always fire.")
    return Rule(
        code=_word(Remark if outcome is Effect.WARN else Reason, said["code"], f"{where}, code"),
        outcome=outcome,
        when=tuple(_condition(one, f"{where}, condition {number}") for number, one in enumerate(when, 1)),
        why=_of_type(said["why"], str, f"{where}, why"),
        weight=_positive(said.get("weight", 1.0), f"{where}, weight"),
        told=told,
    )


def _condition(said: Any, where: str) -> Condition:
    _check_keys(Condition, _of_type(said, dict, where), where)
    if ("above" in said) == ("below" in said):
        raise _WrongError(f"{where} needs either above or below.")
    limits = {name: _number(said[name], f"{where}, {name}") for name in ("above", "below") if name in said}
    return Condition(_measure(said["measure"], where), **limits)


def _check_keys(kind: type, said: Mapping[str, Any], where: str) -> None:
    known = {field.name: field.default is MISSING for field in fields(kind)}
    if unknown := sorted(set(said) - set(known)):
        raise _WrongError(f"{where} says {', '.join(unknown)}; known are {', '.join(known)}.")
    if missing := [name for name, needed in known.items() if needed and name not in said]:
        raise _WrongError(f"{where} lacks {', '.join(missing)}.")


def _measure(name: Any, where: str) -> str:
    if name not in names():
        near = [known for known in sorted(names()) if known.split(".")[-1] == str(name).split(".")[-1]]
        meant = f" Is it {' or '.join(near[:3])}?" if near else ""
        raise _WrongError(f"{where}: nothing measures {name!r}.{meant}")
    return str(name)


def _word(kind: type[Effect] | type[Reason] | type[Remark], said: Any, where: str) -> Any:
    try:
        return kind(said)
    except ValueError:
        raise _WrongError(f"{where}: {said!r} is none of {', '.join(kind)}.") from None


def _number(said: Any, where: str) -> float:
    if isinstance(said, bool) or not isinstance(said, int | float) or not abs(said) < float("inf"):
        raise _WrongError(f"{where}: {said!r} is no number.")
    return float(said)


def _positive(said: Any, where: str) -> float:
    if (number := _number(said, where)) > 0:
        return number
    raise _WrongError(f"{where}: {said!r} is not above 0.")


def _of_type(said: Any, kind: type, where: str) -> Any:
    if isinstance(said, kind):
        return said
    raise _WrongError(f"{where}: {said!r} is not a {kind.__name__}.")
