"""A whole training job: a recipe and a manifest in, a sealed release and a report out."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol

import torch

from vocalverse.errors import BadInput, ManifestBroken
from vocalverse.models.digest import sha256_of_path
from vocalverse.records import Progress, no_progress
from vocalverse.release.ear import pinned
from vocalverse.release.sense import is_name
from vocalverse.release.spec import EarSpec
from vocalverse.release.verify import Sealed
from vocalverse.training import manifest_files
from vocalverse.training.course import Course
from vocalverse.training.ensemble import Member, members, require_selectable
from vocalverse.training.licences import ANY, under
from vocalverse.training.manifest import Manifest
from vocalverse.training.opening import Means, configs, open_school, tests
from vocalverse.training.outcome import CALIBRATION, Outcome, choose, outcomes, require_calibratable
from vocalverse.training.recipe import Recipe
from vocalverse.training.recipe_read import as_table
from vocalverse.training.report import write_report
from vocalverse.training.sealing import Learnt, seal_release
from vocalverse.training.splits import TEST, TRAIN, VALIDATION, Splits, split
from vocalverse.training.states import write_whole
from vocalverse.training.teach import teach

_RUN = "run.json"


@dataclass(frozen=True)
class Job:
    """What was asked for."""

    recipe: Recipe
    data: Path
    means: Means
    name: str = ""  # of the release; "": the recipe's
    licences: str = ANY
    resume: bool = False


class Watch(Protocol):
    """Told of a member after every step."""

    def __call__(self, member: Member, course: Course) -> None: ...


@dataclass(frozen=True)
class Result:
    sealed: Sealed
    report: Path
    outcomes: tuple[Outcome, ...]
    kept: Mapping[str, Sequence[str]]  # members by head
    left_out: int  # clips whose singer and song would lie in two parts


def run(job: Job, watch: Watch, *, progress: Progress = no_progress) -> Result:
    """Ctrl-C passes through, after what is needed to go on was saved."""
    _require_possible(job)
    manifest = under(manifest_files.read(job.data), job.licences)
    _require_rated(job.recipe, manifest)
    splits = _split(job.recipe, manifest)
    require_selectable(job.recipe, splits[VALIDATION])
    require_calibratable(job.recipe, splits[CALIBRATION])
    _begin(job)
    school = open_school(job.recipe, manifest, splits, job.means)
    school.studio.prepare(configs(school), progress=progress)
    taught = [teach(one, school, partial(watch, one)) for one in members(job.recipe)]
    chosen = choose(taught, school)
    found = outcomes(chosen, school, tests(splits))
    learnt = Learnt(school, chosen, found, pinned(EarSpec(), job.means.models))
    sealed = seal_release(learnt, _name(job), job.means.folder / "releases")
    report = write_report(learnt, taught, sealed, job.means.folder / "report.html")
    kept = {head: [one.member.name for one in some] for head, some in chosen.items()}
    return Result(sealed, report, found, kept, len(splits.left_out))


def _require_possible(job: Job) -> None:
    """Before anything is read or heard."""
    if not is_name(_name(job)):
        raise BadInput(f"{_name(job)!r} is no name for a release: small letters, digits, dots and hyphens.")
    try:
        torch.empty(1, device=job.means.device)
    except (RuntimeError, AssertionError) as error:
        raise BadInput(f"There is no device {job.means.device} here: {str(error).splitlines()[0]}") from None


def _name(job: Job) -> str:
    return job.name or job.recipe.name


def _require_rated(recipe: Recipe, manifest: Manifest) -> None:
    if unrated := [one for one in recipe.dimensions if one not in manifest.dimensions]:
        there = ", ".join(manifest.dimensions) or "none"
        raise ManifestBroken(f"Nobody rated {', '.join(unrated)}, which {recipe.name} judges; rated are {there}.")
    needs_text = any(head.text for head in recipe.heads.values())
    silent = [clip.id for clip in manifest.clips if needs_text and not clip.text.strip()]
    if silent:
        raise ManifestBroken(f"{len(silent)} clips have no text to hold them against, such as {silent[0]!r}.")


def _split(recipe: Recipe, manifest: Manifest) -> Splits:
    said = recipe.shares
    held = {VALIDATION: said.validation, CALIBRATION: said.calibration, TEST: said.test}
    shares = {TRAIN: 1 - sum(held.values()), **held}
    return split(manifest, shares, seed=said.seed, apart=frozenset(said.apart))


def _begin(job: Job) -> None:
    """A folder holds one run; it goes on only as what it was begun as. What evidence is worth is not learnt."""
    asked = {
        "recipe": json.loads(json.dumps(as_table(replace(job.recipe, reasoned=None)))),
        "data": sha256_of_path(job.data),
        "licences": job.licences,
    }
    path = job.means.folder / _RUN
    if not path.exists():
        write_whole(path, lambda file: file.write(json.dumps(asked, indent=1).encode()))
        return
    if not job.resume:
        raise BadInput(f"{job.means.folder} holds a run already: --resume goes on with it, or name another folder.")
    begun = json.loads(path.read_text(encoding="utf-8"))
    if changed := [what for what, said in asked.items() if begun.get(what) != said]:
        raise BadInput(
            f"{job.means.folder} was begun with another {', '.join(changed)}: give the same, or a new folder."
        )
