"""Who is tried, on what, and what they say of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from vocalverse.bench.verdict.hearing import Heard, Version
from vocalverse.bench.verdict.notebook import Notebook
from vocalverse.bench.verdict.takes import Corpus, Take, spread_out
from vocalverse.bench.verdict.ways import PLAIN
from vocalverse.evaluation.figure import Figure, Floats, Resampling
from vocalverse.records import OVERALL, Score
from vocalverse.release.judge import Judge
from vocalverse.release.spec import ReleaseSpec
from vocalverse.synthesis.damage.graded import FAULTS, Fault

DIMENSIONS = ("breath", "technique", "timbre", "emotion")
TOLD = (*DIMENSIONS, OVERALL)
PROFESSIONAL = (Corpus.RAVDESS, Corpus.GTSINGER)

Scores = Mapping[str, Score]  # by dimension, the overall mark among them
Said = Mapping[str, Scores]  # by version


@dataclass(frozen=True)
class Extent:
    """How much is heard."""

    altered_s: float  # of each take that is damaged or goes through many ways
    whole_s: float  # of each that is judged as it is
    damaged: int  # takes of each corpus
    paired: int  # professional takes, and as many of amateurs
    steady: int  # takes of each corpus that go through every channel
    plain: int  # takes of each corpus as they are, of all singers
    tricked: int  # takes of each corpus
    resampling: Resampling
    faults: tuple[Fault, ...] = FAULTS


@dataclass(frozen=True)
class Contender:
    name: str
    judge: Judge

    @property
    def spec(self) -> ReleaseSpec:
        return self.judge.spec

    def changed(self, name: str, spec: ReleaseSpec) -> "Contender":
        """The same, but for what it makes of what it hears."""
        return Contender(name, replace(self.judge, sealed=replace(self.judge.sealed, spec=spec)))


@dataclass(frozen=True)
class Trial:
    takes: Sequence[Take]
    extent: Extent
    contenders: Sequence[Contender]
    notebook: Notebook

    def heard(self, version: Version) -> Heard | None:
        return self.notebook.heard.get(version.id)

    def said(self, contender: Contender, versions: Sequence[Version]) -> dict[str, Scores]:
        """Of those that could be made."""
        return {version.id: self._scores(contender, heard) for version in versions if (heard := self.heard(version))}

    def _scores(self, contender: Contender, heard: Heard) -> Scores:
        encoded = self.notebook.encoded(contender.judge, heard) if contender.judge.heads else {}
        judged = contender.judge.judge(encoded, heard.figures, found=heard.found)
        told = {score.dimension: score for score in judged.scores}
        return {**told, OVERALL: judged.overall} if judged.overall else told

    @cached_property
    def held(self) -> Sequence[Take]:
        """Of singers that nothing was learnt from."""
        return [take for take in self.takes if take.held]

    def altered(self, count: int) -> list[Take]:
        """So many of each corpus, to be damaged and sent through channels."""
        return [
            replace(take, longest_s=self.extent.altered_s)
            for corpus in Corpus
            for take in self._of(corpus, count, self.held)
        ]

    def whole(self, corpus: Corpus, count: int, *, held: bool = True) -> list[Take]:
        """To be judged as they are."""
        chosen = self._of(corpus, count, self.held if held else self.takes)
        return [replace(take, longest_s=self.extent.whole_s) for take in chosen]

    def _of(self, corpus: Corpus, count: int, takes: Sequence[Take]) -> Sequence[Take]:
        return spread_out([take for take in takes if take.corpus is corpus], count)


def plain(takes: Sequence[Take]) -> list[Version]:
    return [Version(take, PLAIN) for take in takes]


def share_in_words(figure: Figure) -> str:
    """As a percentage with its interval."""
    if figure.value is None:
        return "–"
    if figure.low is None or figure.high is None:
        return f"{100 * figure.value:.0f}"
    return f"{100 * figure.value:.0f} ({100 * figure.low:.0f}–{100 * figure.high:.0f})"


def percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def figure_in_words(figure: Figure) -> str:
    if figure.value is None:
        return "–"
    if figure.low is None or figure.high is None:
        return f"{figure.value:.2f}"
    return f"{figure.value:.2f} ({figure.low:.2f}–{figure.high:.2f})"


def standard(values: Floats) -> float:
    """Deviation, of two values and more."""
    return float(values.std(ddof=1)) if len(values) > 1 else 0.0
