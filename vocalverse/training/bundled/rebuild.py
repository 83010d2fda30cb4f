"""The bundled releases made anew, from their corpora to their seals, and held against those that came with the package."""

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from vocalverse.records import Progress, no_progress
from vocalverse.release.card import CARD
from vocalverse.release.seal import seal
from vocalverse.release.verify import Sealed
from vocalverse.training import manifest_files
from vocalverse.training.bundled.corpus import make_corpus
from vocalverse.training.bundled.hear import Hearer, Sound, Version, versions
from vocalverse.training.bundled.made import made, made_songs
from vocalverse.training.bundled.material import Spread, one_by_one
from vocalverse.training.bundled.people import amateurs, people, require_people
from vocalverse.training.bundled.settle import bare, settle
from vocalverse.training.job import Job, Result, Watch, run
from vocalverse.training.licences import ANY, FREE
from vocalverse.training.manifest import Clip, Manifest
from vocalverse.training.opening import Means
from vocalverse.training.recipe_read import read

LITE, RESEARCH = "lite", "lite-research"

_SINGERS, _SONGS = 28, 8  # made ones
_HEARD, _AGAIN = 3, 1  # songs of each amateur that are heard, and of those in every version


@dataclass(frozen=True)
class Ask:
    folder: Path  # of all that is made on the way; what is there already is not made again
    models: Path
    data: Path | None = None  # real singing; None: only `lite` is rebuilt
    spread: Spread = one_by_one


def rebuild(ask: Ask, watch: Watch, *, progress: Progress = no_progress) -> Iterator[Sealed]:
    """On one thread, whose sums come out the same every time."""
    if ask.data:
        require_people(ask.data)
    torch.set_num_threads(1)
    corpus = make_corpus(made(_SINGERS, ask.folder / "made" / "takes"), ask.folder / "made", ask.spread)
    learnt = _learnt(ask, LITE, corpus, watch, progress)
    songs = made_songs(_SONGS, ask.folder / "songs")
    yield _settled(ask, learnt, versions(songs), ())
    if ask.data is None:
        return
    real = make_corpus(people(ask.data, ask.folder / "people" / "takes"), ask.folder / "people", ask.spread)
    learnt = _learnt(ask, RESEARCH, _joined(corpus, real, ask.folder / "all.jsonl"), watch, progress)
    sung = amateurs(ask.data, ask.folder / "amateurs")
    plain = [Sound(clip, Version.PLAIN) for clip in _some(sung, _HEARD)]
    yield _settled(ask, learnt, versions(_some(sung, _AGAIN)), plain)


def _learnt(ask: Ask, name: str, corpus: Path, watch: Watch, progress: Progress) -> Result:
    recipe = read(LITE, ablation=None if name == LITE else name.removeprefix(f"{LITE}-"))
    folder = ask.folder / name
    shutil.rmtree(folder / "releases", ignore_errors=True)  # of other tables; what was learnt stays
    means = Means(folder=folder, models=ask.models, cache=ask.folder / "cache")
    licences = FREE if name == LITE else ANY
    job = Job(recipe, corpus, means, name, licences, resume=(folder / "run.json").exists())
    return run(job, watch, progress=progress)


def _settled(ask: Ask, learnt: Result, sounds: Sequence[Sound], reference: Sequence[Sound]) -> Sealed:
    sealed = learnt.sealed
    plain = ask.folder / f"{sealed.spec.name}-bare"
    shutil.rmtree(plain, ignore_errors=True)
    files = {path: sealed.folder / path for path in sealed.sums if path not in (CARD, "release.toml")}
    seal(bare(sealed.spec), files, plain)
    every = list(dict.fromkeys((*sounds, *reference)))
    heard = dict(zip(every, ask.spread(partial(Hearer.open, plain, ask.models), every), strict=True))
    spec = settle(sealed.spec, [heard[one] for one in sounds], [heard[one] for one in reference])
    target = ask.folder / "releases" / spec.name
    shutil.rmtree(target, ignore_errors=True)
    return seal(spec, {**files, CARD: sealed.folder / CARD}, target)


def _joined(one: Path, other: Path, path: Path) -> Path:
    both = [manifest_files.read(each) for each in (one, other)]
    clips = tuple(clip for each in both for clip in each.clips)
    manifest_files.write(Manifest(clips, tuple(pair for each in both for pair in each.pairs)), path)
    return path


def _some(sung: Sequence[Clip], songs: int) -> list[Clip]:
    """So many of each singer."""
    before: Counter[str] = Counter()
    some = []
    for clip in sung:
        before[clip.singer] += 1
        if before[clip.singer] <= songs:
            some.append(clip)
    return some
