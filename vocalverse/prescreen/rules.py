"""The rules as a file says them: what speaks against judging a take, from where on, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from vocalverse import toml
from vocalverse.errors import RulesBroken
from vocalverse.prescreen.evidence import Evidence, names
from vocalverse.records import Reason, Remark

BUNDLED = Path(__file__).with_name("rules.toml")


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
        return _rules(toml.read_table(path))
    except toml.WrongError as wrong:
        raise RulesBroken(f"{path}: {wrong}") from None


def as_toml(rules: Rules) -> str:
    """As `read` reads it."""
    lines = [f"low_from = {rules.low_from!r}"]
    for rule in rules.rule:
        lines += ["", "[[rule]]", f"code = {toml.text(rule.code)}", f"outcome = {toml.text(rule.outcome)}"]
        lines += [f"when = [{', '.join(map(_condition_as_toml, rule.when))}]"]
        lines += [f"weight = {rule.weight!r}"] if rule.weight != Rule.weight else []
        lines += [f"told = [{', '.join(map(toml.text, rule.told))}]"] if rule.told else []
        lines += [f"why = {toml.text(rule.why)}"]
    return "\n".join(lines) + "\n"


def _condition_as_toml(condition: Condition) -> str:
    side = "below" if condition.above is None else "above"
    return f"{{measure = {toml.text(condition.measure)}, {side} = {condition.threshold!r}}}"


def _rules(said: Mapping[str, Any]) -> Rules:
    toml.check_keys(Rules, said, "the file")
    listed = toml.of_type(said["rule"], list, "rule")
    rules = tuple(_rule(one, f"rule {number}") for number, one in enumerate(listed, 1))
    return Rules(_positive(said["low_from"], "low_from"), rules)


def _rule(said: Any, where: str) -> Rule:
    toml.check_keys(Rule, toml.of_type(said, dict, where), where)
    where = f"{where} ({said['code']})"
    outcome = toml.word(Effect, said["outcome"], f"{where}, outcome")
    codes: type[Reason | Remark] = Remark if outcome is Effect.WARN else Reason
    when = toml.of_type(said["when"], list, f"{where}, when")
    told = tuple(
        _measure(name, f"{where}, told") for name in toml.of_type(said.get("told", []), list, f"{where}, told")
    )
    if not when:
        raise toml.WrongError(f"{where} has no condition, and would always fire.")
    return Rule(
        code=toml.word(codes, said["code"], f"{where}, code"),
        outcome=outcome,
        when=tuple(_condition(one, f"{where}, condition {number}") for number, one in enumerate(when, 1)),
        why=toml.of_type(said["why"], str, f"{where}, why"),
        weight=_positive(said.get("weight", 1.0), f"{where}, weight"),
        told=told,
    )


def _condition(said: Any, where: str) -> Condition:
    toml.check_keys(Condition, toml.of_type(said, dict, where), where)
    if ("above" in said) == ("below" in said):
        raise toml.WrongError(f"{where} needs either above or below.")
    limits = {name: toml.number(said[name], f"{where}, {name}") for name in ("above", "below") if name in said}
    return Condition(_measure(said["measure"], where), **limits)


def _measure(name: Any, where: str) -> str:
    if name not in names():
        near = [known for known in sorted(names()) if known.split(".")[-1] == str(name).split(".")[-1]]
        meant = f" Is it {' or '.join(near[:3])}?" if near else ""
        raise toml.WrongError(f"{where}: nothing measures {name!r}.{meant}")
    return str(name)


def _positive(said: Any, where: str) -> float:
    if (number := toml.number(said, where)) > 0:
        return number
    raise toml.WrongError(f"{where}: {said!r} is not above 0.")
