"""From evidence and rules to a verdict, with the reasons for it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from vocalverse.measure.marks import Score
from vocalverse.prescreen.evidence import Evidence
from vocalverse.prescreen.rules import Effect, Rule, Rules
from vocalverse.records import Finding, Reason, Remark, Verdict


@dataclass(frozen=True)
class Reasoned:
    """Why a rule fired, with its numbers: each measure by its name, and its threshold behind `.above` or `.below`."""

    code: Reason | Remark
    outcome: Effect
    evidence: Evidence
    why: str


@dataclass(frozen=True)
class Prescreened:
    """The reasons of a take that passes are warnings, if any."""

    verdict: Verdict
    reasons: tuple[Reasoned, ...]
    pitch: Score | None  # None where nothing is known
    rhythm: Score | None

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(Finding(one.code, one.evidence) for one in self.reasons if isinstance(one.code, Reason))

    @property
    def remarks(self) -> tuple[Remark, ...]:
        return tuple(one.code for one in self.reasons if isinstance(one.code, Remark))


def prescreen(evidence: Evidence, rules: Rules) -> Prescreened:
    """Refused where any rule says so; low where those that say so weigh enough together."""
    fired = {effect: [one for one in rules.rule if one.outcome is effect and one.fires(evidence)] for effect in Effect}
    verdict, against = Verdict.PASS, []
    if fired[Effect.REFUSE]:
        verdict, against = Verdict.REFUSE, fired[Effect.REFUSE]
    elif sum(rule.weight for rule in fired[Effect.LOW]) >= rules.low_from:
        verdict, against = Verdict.LOW, fired[Effect.LOW]
    reasons: dict[Reason | Remark, Reasoned] = {}
    for rule in (*against, *fired[Effect.WARN]):
        reasons.setdefault(rule.code, _reasoned(rule, evidence))
    return Prescreened(verdict, tuple(reasons.values()), _score(evidence, "pitch"), _score(evidence, "rhythm"))


def refused_before(found: Prescreened, findings: Sequence[Finding]) -> Prescreened:
    """With what speaks against the file itself, which goes before anything that is sung in it."""
    against = tuple(Reasoned(one.code, Effect.REFUSE, one.evidence, "") for one in findings)
    return replace(found, verdict=Verdict.REFUSE, reasons=(*against, *found.reasons)) if against else found


def _reasoned(rule: Rule, evidence: Evidence) -> Reasoned:
    told: dict[str, float] = {}
    for condition in rule.when:
        told[condition.measure] = evidence[condition.measure]
        told[f"{condition.measure}.{'below' if condition.above is None else 'above'}"] = condition.threshold
    told |= {name: evidence[name] for name in rule.told if name in evidence}
    return Reasoned(rule.code, rule.outcome, told, rule.why)


def _score(evidence: Evidence, name: str) -> Score | None:
    if f"{name}.value" not in evidence:
        return None
    return Score(*(evidence[f"{name}.{part}"] for part in ("value", "low", "high")))
