"""Whether every number in a text was measured. What was written by whom does not matter: all words pass through here."""

from dataclasses import dataclass

from vocalverse.feedback.facts import Facts, Quantity, Scale
from vocalverse.feedback.spoken import Heard, numbers_in

_EXACT = 1e-6


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
        return f"{quoted} was not measured." if quoted else ""


def check(text: str, facts: Facts) -> Checked:
    """In English or Chinese, or in both. Numbers may be rounded, not more than their last digit says."""
    return Checked(text, tuple(Claim(heard.quoted, _fact(heard, facts)) for heard in numbers_in(text)))


def _fact(heard: Heard, facts: Facts) -> str | None:
    for scale in heard.scales:
        said = _moment(heard, facts) if scale.quantity is Quantity.AT_S else _number(heard, scale, facts)
        if said:
            return said
    return None


def _number(heard: Heard, scale: Scale, facts: Facts) -> str | None:
    slack = heard.slack * scale.factor + _EXACT
    for fact in facts.numbers:
        if fact.quantity is scale.quantity:
            value = fact.value if heard.signed else abs(fact.value)
            if abs(heard.value * scale.factor - value) <= slack:
                return fact.name
    return None


def _moment(heard: Heard, facts: Facts) -> str | None:
    """A stretch of time is one of those that are known, from its beginning to its end; a time lies in one."""
    slack = heard.slack + _EXACT
    for span in facts.moments:
        if heard.until is None:
            fits = span.from_s - slack <= heard.value <= span.to_s + slack
        else:
            fits = abs(heard.value - span.from_s) <= slack and abs(heard.until - span.to_s) <= slack
        if fits:
            return span.name
    return None
