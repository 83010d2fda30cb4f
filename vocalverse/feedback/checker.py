"""Whether every number in a text was measured. What was written by whom does not matter: all words pass through here."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from vocalverse.feedback.facts import Facts, Quantity, Span
from vocalverse.feedback.spoken import Heard, numbers_in

_EXACT = 1e-6
_CLAUSES = re.compile(r"[;；。!！?？\n]|\.(?=\s|$)")


@dataclass(frozen=True)
class Claim:
    """A number as the text has it."""

    quoted: str
    fact: str | None  # what was measured so; None: nothing was


@dataclass(frozen=True)
class Checked:
    text: str
    claims: tuple[Claim, ...]

    @property
    def refused(self) -> tuple[Claim, ...]:
        return tuple(claim for claim in self.claims if claim.fact is None)

    @property
    def why(self) -> str:
        """Empty where nothing is refused."""
        quoted = ", ".join(f"“{claim.quoted}”" for claim in self.refused)
        return f"{quoted} was not measured, or not there." if quoted else ""


def check(text: str, facts: Facts) -> Checked:
    """In English or Chinese, or in both. Numbers may be rounded, not more than their last digit says. Where a clause tells
    of a moment, its numbers are those of what was measured there.
    """
    return Checked(text, tuple(claim for clause in _CLAUSES.split(text) for claim in _claims(clause, facts)))


def _claims(clause: str, facts: Facts) -> Iterator[Claim]:
    heard = list(numbers_in(clause))
    moments = [one for one in heard if _is_moment(one)]
    there = {name for one in moments for name in _moments(one, facts)}
    for one in heard:
        names = _moments(one, facts) if one in moments else _numbers(one, facts)
        names = [name for name in names if name in there or not moments]
        yield Claim(one.quoted, names[0] if names else None)


def _is_moment(heard: Heard) -> bool:
    return any(scale.quantity is Quantity.AT_S for scale in heard.scales)


def _numbers(heard: Heard, facts: Facts) -> list[str]:
    """What it may be."""
    found = []
    for scale in heard.scales:
        slack = heard.slack * scale.factor + _EXACT
        for fact in facts.numbers:
            value = fact.value if heard.signed else abs(fact.value)
            if fact.quantity is scale.quantity and abs(heard.value * scale.factor - value) <= slack:
                found.append(fact.name)
    return found


def _moments(heard: Heard, facts: Facts) -> list[str]:
    """A stretch of time is one of those that are known, from its beginning to its end; a time lies in one."""
    return [span.name for span in facts.moments if _fits(heard, span)]


def _fits(heard: Heard, span: Span) -> bool:
    slack = heard.slack + _EXACT
    if heard.until is None:
        return span.from_s - slack <= heard.value <= span.to_s + slack
    return abs(heard.value - span.from_s) <= slack and abs(heard.until - span.to_s) <= slack
