"""What was heard, line by line in a file, so that a bench that is broken off goes on where it was."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from vocalverse.bench.verdict.hearing import Heard, Hearer, Places, Version, Work, digest_of_hearing, keep
from vocalverse.evidence.kind import Found, Moment
from vocalverse.models.encoders.encoder import Frames
from vocalverse.records import Progress, no_progress
from vocalverse.release.judge import Encoded, Judge


class Spread(Protocol):
    """Does the same work on many things, perhaps side by side; `opened` makes what works, once in each process."""

    def __call__(
        self, opened: Callable[[], Callable[[Work], dict[str, Heard]]], things: Sequence[Work], /
    ) -> Iterator[dict[str, Heard]]: ...


def in_turn(
    opened: Callable[[], Callable[[Work], dict[str, Heard]]], things: Sequence[Work], /
) -> Iterator[dict[str, Heard]]:
    """In this process."""
    work = opened()
    yield from map(work, things)


class FramesMissingError(Exception):
    """They were never made, or are gone."""


@dataclass(frozen=True)
class Notebook:
    places: Places
    judges: Sequence[Judge]
    path: Path
    heard: dict[str, Heard | None] = field(default_factory=dict)  # by version; None: its fault finds nothing to hurt

    @classmethod
    def open(cls, places: Places, judges: Sequence[Judge]) -> "Notebook":
        """With what was written by code that hears in the same way."""
        places.kept.mkdir(parents=True, exist_ok=True)
        path = places.kept / f"heard-{digest_of_hearing()}.jsonl"
        heard: dict[str, Heard | None] = {}
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                heard.update(_read(line))
        return cls(places, judges, path, heard)

    def hear(self, versions: Iterable[Version], spread: Spread, *, progress: Progress = no_progress) -> None:
        """All that is not here yet."""
        work = self._missing(versions)
        if not work:
            return
        with self.path.open("a", encoding="utf-8") as file:
            for at, found in enumerate(spread(partial(Hearer.open, self.places), work)):
                asked = {Version(work[at].take, way).id: None for way in work[at].ways}
                for name, heard in {**asked, **found}.items():
                    self.heard[name] = heard
                    file.write(_line(name, heard))
                file.flush()
                progress("hearing", (at + 1) / len(work))

    def encoded(self, judge: Judge, heard: Heard) -> Encoded:
        """As it was kept."""
        cache = self.places.frames
        return {
            spec.name: keep(
                cache, judge, judge.encoders[spec.name].info, heard.voice if spec.voice else heard.mix, _missing
            )
            for spec in judge.spec.encoders
        }

    def _missing(self, versions: Iterable[Version]) -> list[Work]:
        by_take = defaultdict(list)
        for version in dict.fromkeys(versions):
            if not self._complete(version.id):
                by_take[version.take].append(version.way)
        return [Work(take, tuple(ways)) for take, ways in by_take.items()]

    def _complete(self, name: str) -> bool:
        if (heard := self.heard.get(name)) is None:
            return name in self.heard
        try:
            for judge in self.judges:
                self.encoded(judge, heard)
        except FramesMissingError:
            return False
        return True


def _missing() -> Frames:
    raise FramesMissingError


def _line(name: str, heard: Heard | None) -> str:
    return json.dumps({"id": name, "heard": asdict(heard) if heard else None}, ensure_ascii=False) + "\n"


def _read(line: str) -> Mapping[str, Heard | None]:
    """Nothing of a line that was never finished."""
    try:
        said: dict[str, Any] = json.loads(line)
    except ValueError:
        return {}
    heard = said["heard"]
    return {said["id"]: Heard(**{**heard, "found": _found(heard["found"])}) if heard else None}


def _found(said: Mapping[str, Any]) -> dict[str, Found]:
    return {
        name: Found(one["value"], one["amount"], tuple(Moment(**moment) for moment in one["moments"]))
        for name, one in said.items()
    }
