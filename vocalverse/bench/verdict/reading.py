"""Ten takes to be read with care: what each got, and what the judge says it is for."""

from collections.abc import Iterator, Sequence

from vocalverse.bench.hearing.table import Column, Row, Table
from vocalverse.bench.verdict.hearing import Version
from vocalverse.bench.verdict.takes import Corpus, Take
from vocalverse.bench.verdict.trial import TOLD, Scores, Trial
from vocalverse.bench.verdict.ways import EAR, PLAIN
from vocalverse.records import Evidence, Score

_EACH = {Corpus.MIR1K: 4, Corpus.SSVD: 2, Corpus.GTSINGER: 2, Corpus.RAVDESS: 2}
_TOLD = 2  # pieces on either side


def versions(trial: Trial) -> list[Version]:
    return [Version(take, EAR if take.corpus is Corpus.MIR1K else PLAIN) for take in _takes(trial)]


def tables(trial: Trial) -> Iterator[Table]:
    for contender in trial.contenders:
        said = trial.said(contender, versions(trial))
        rows = [
            Row(
                f"{version.take.id}, {version.way}: {key}" if key == TOLD[0] else f"  {key}",
                _cells(said[version.id], key),
            )
            for version in versions(trial)
            for key in TOLD
            if key in said.get(version.id, {})
        ]
        note = "Of singers that nothing was learnt from. Each piece of evidence with what it adds, its value and where."
        columns = [Column("score"), Column("interval"), Column("raised it"), Column("lowered it")]
        yield Table(f"Ten takes, read with care: {contender.name}", "take", columns, rows, note)


def _takes(trial: Trial) -> list[Take]:
    return [take for corpus, count in _EACH.items() for take in trial.whole(corpus, count)]


def _cells(scores: Scores, key: str) -> Sequence[str]:
    score = scores[key]
    raised = sorted((one for one in score.evidence if one.effect > 0), key=lambda one: -one.effect)
    lowered = sorted((one for one in score.evidence if one.effect < 0), key=lambda one: one.effect)
    return [
        f"{score.value:.2f}",
        _between(score),
        "; ".join(map(_said, raised[:_TOLD])) or "–",
        "; ".join(map(_said, lowered[:_TOLD])) or "–",
    ]


def _between(score: Score) -> str:
    return f"{score.low:.1f}–{score.high:.1f}"


def _said(piece: Evidence) -> str:
    where = "" if piece.from_s is None else f" at {piece.from_s:.1f}–{piece.to_s:.1f} s"
    return f"{piece.name} {piece.value:.3g} {piece.unit} ({piece.effect:+.2f}){where}"
