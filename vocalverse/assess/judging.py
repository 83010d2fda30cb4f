"""What takes are judged with: instruments by release, opened when one is first asked for."""

from dataclasses import replace
from pathlib import Path

from vocalverse.assess.instruments import Instruments
from vocalverse.assess.workshop import Workshop
from vocalverse.errors import ReleaseBroken, ReleaseUnknown, RulesBroken
from vocalverse.models.cache.cache import EncoderCache
from vocalverse.prescreen.rules import Rules, read
from vocalverse.records import NONE, Progress, no_progress
from vocalverse.release.ear import ear_of
from vocalverse.release.judge import Judge
from vocalverse.release.shelf import ReleaseShelf
from vocalverse.release.sums import digest_of, read_sums
from vocalverse.release.verify import Sealed
from vocalverse.separate.ear import Ear
from vocalverse.separate.options import EarOptions

_AT_MOST = 2  # a new release is tried while the old one still judges


class Cabinet:
    """Keeps those of the last two releases; an ear that several share is one ear."""

    def __init__(self, workshop: Workshop, ear: EarOptions) -> None:
        self._workshop = workshop
        self._plain = Instruments.open(ear, rules=workshop.rules, threads=workshop.threads, trials=workshop.folder)
        self._kept: dict[str, Instruments] = {}  # by the releases' digests, the last one asked for at the end

    def of(self, release: str, progress: Progress = no_progress) -> Instruments:
        """Raises what is wrong with the release before anything is heard."""
        if release == NONE:
            return self._plain
        if self._workshop.releases is None or self._workshop.models is None:
            raise ReleaseUnknown(f"{release} cannot be opened: no folders of releases and models were given.")
        shelf = ReleaseShelf(self._workshop.releases)
        digest = digest_of(read_sums(shelf.place(release)))
        found = self._kept.pop(digest, None)
        if found is None:
            while len(self._kept) >= _AT_MOST:
                del self._kept[next(iter(self._kept))]
            found = self._opened(shelf.ready(release, progress=progress), self._workshop.models)
        self._kept[digest] = found
        return found

    def _opened(self, sealed: Sealed, models: Path) -> Instruments:
        """What is quickly found wrong comes first."""
        spec, threads = sealed.spec, self._workshop.threads
        rules = _rules(sealed) if spec.rules else self._plain.rules
        options = ear_of(spec, models)
        judge = Judge.of(sealed, models=models, device=_device(), threads=threads)
        same = (one.ear for one in (self._plain, *self._kept.values()) if one.ear.options == options)
        ear = next(same, None) or Ear.open(options, threads=threads, trials=self._workshop.folder)
        cache = EncoderCache(self._workshop.cache) if self._workshop.cache else None
        return replace(self._plain, ear=ear, rules=rules, judge=judge, kept=cache)


def _rules(sealed: Sealed) -> Rules:
    try:
        return read(sealed.folder / str(sealed.spec.rules))
    except RulesBroken as error:
        raise ReleaseBroken(f"{sealed.spec.name} cannot be opened. {error}") from error


def _device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"
