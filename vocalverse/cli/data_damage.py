"""`vocalverse data damage`: takes damaged on purpose, by grades."""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vocalverse.cli.output import in_words, json_option, show_done
from vocalverse.errors import BadInput

if TYPE_CHECKING:
    from vocalverse.synthesis.damage.graded import Fault
    from vocalverse.training.damage import Versions, Wanted
    from vocalverse.training.manifest import Clip, Manifest

_PATH = click.Path(path_type=Path)
_MANIFEST = "damaged.jsonl"
_MANIFESTS = (".jsonl", ".ndjson", ".parquet")


@click.command()
@click.argument("given", metavar="MANIFEST|FILES...", nargs=-1, required=True, type=_PATH)
@click.option("--out", required=True, type=_PATH, metavar="FOLDER", help=f"A new folder for {_MANIFEST} and its sound.")
@click.option("--kinds", metavar="LIST", help="Only these, with commas between.  [default: all that there are]")
@click.option("--grades", type=click.IntRange(1, 3), default=3, show_default=True, help="Beside the control.")
@click.option(
    "--generator",
    type=click.Choice(["train", "report"]),
    default="train",
    show_default=True,
    help="By which ways: those to learn from, or those that are reported on.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the faults.")
@click.option("--names", metavar="PATTERN", help="How singers and songs stand in files' names: '{singer}/{song}_*'.")
@click.option(
    "--licence", default="unknown", show_default=True, metavar="NAME", help="Of files that are in no manifest."
)
@click.option("--jobs", type=click.IntRange(1, 64), default=1, show_default=True, help="Takes at a time.")
@json_option
def damage(given: tuple[Path, ...], *, out: Path, kinds: str | None, jobs: int, as_json: bool, **said: Any) -> None:
    """Make graded versions of voices, damaged on purpose, and a manifest of them with the pairs that they make.

    \b
    pitch, timing, vibrato     hurt technique
    breath, gasps, ends        hurt breath
    nasal, muffled             hurt timbre
    dynamics                   hurts emotion

    Grade 0 is the control: it went the same way without the fault, so that nobody learns how the way itself sounds.
    All versions are as loud as the take. A kind that finds nothing to hurt in a take, such as no long note, is left out
    of it.

    Every kind is made in two ways that share no algorithm. Learn from `train`, which takes voices apart with WORLD;
    report what a judge makes of `report` (`vocalverse evaluate --damage`), which neither training nor a threshold may
    ever hear. Takes have to be voices alone: `vocalverse separate` takes them out of backings.

    \b
    Example:
      vocalverse data damage takes.jsonl --out learn
      vocalverse data damage takes/ --names '{singer}_{song}' --kinds gasps,ends --generator report --out report
    """
    from vocalverse.cli.bars import bars
    from vocalverse.cli.places import require_writable
    from vocalverse.synthesis.damage.family import Generator
    from vocalverse.training.damage import Wanted
    from vocalverse.training.manifest import Manifest
    from vocalverse.training.manifest_files import write

    require_writable(out, "--out")
    if (out / _MANIFEST).exists():
        raise BadInput(f"--out {out} holds a {_MANIFEST} already: give a new folder.")
    clips = _clips(given, said["names"], said["licence"])
    wanted = Wanted(_faults(kinds), said["grades"], Generator(said["generator"]), said["seed"])
    with bars({"damage": "damaging"}) as progress:
        done = []
        for versions in _made(clips, wanted, out, jobs):
            done.append(versions)
            progress("damage", len(done) / len(clips))
    manifest = Manifest(
        tuple(clip for one in done for clip in one.clips), tuple(pair for one in done for pair in one.pairs)
    )
    if not manifest.clips:
        raise BadInput("Nothing was found to hurt in any of the takes: are they singing, and voices alone?")
    write(manifest, out / _MANIFEST)
    _tell(out, clips, manifest, done, as_json=as_json)


def _clips(given: Sequence[Path], names: str | None, licence: str) -> "Sequence[Clip]":
    from vocalverse.training.manifest_files import read

    if len(given) == 1 and given[0].suffix.lower() in _MANIFESTS:
        if names:
            raise BadInput("--names is for files; a manifest says who sings what.")
        return [clip for clip in read(given[0]).clips if clip.damage is None]
    return list(_listed(given, names, licence))


def _listed(given: Sequence[Path], names: str | None, licence: str) -> "Iterator[Clip]":
    """Without names every recording has a singer and a song of its own."""
    from vocalverse.cli.given import recordings
    from vocalverse.cli.prescreen_picked import names_pattern
    from vocalverse.training.manifest import Clip

    found, pattern = recordings(given), names_pattern(names or "")
    named = [pattern.fullmatch(one.below.as_posix()) for one in found]
    if names and not any(named):
        raise BadInput(f"--names {names!r} fits no recording: {found[0].below.as_posix()} is one of them.")
    for one, match in zip(found, named, strict=True):
        name, said = one.below.as_posix(), match.groupdict() if match else {}
        yield Clip(name, one.source, said.get("singer") or name, said.get("song") or name, licence)


def _faults(kinds: str | None) -> "tuple[Fault, ...]":
    from vocalverse.synthesis.damage.graded import FAULTS

    known = {fault.kind: fault for fault in FAULTS}
    asked = [kind.strip() for kind in kinds.split(",")] if kinds else list(known)
    if unknown := [kind for kind in asked if kind not in known]:
        raise BadInput(f"--kinds: there is no {in_words(unknown)}; there are {', '.join(known)}.")
    return tuple(known[kind] for kind in dict.fromkeys(asked))


def _made(clips: "Sequence[Clip]", wanted: "Wanted", out: Path, jobs: int) -> "Iterator[Versions]":
    from vocalverse.cli.jobs import side_by_side
    from vocalverse.training.damage import Damager

    opened = partial(Damager.open, wanted, out / "sound")
    return map(opened(), clips) if jobs == 1 else side_by_side(opened, clips, jobs=jobs)


def _tell(
    out: Path, clips: "Sequence[Clip]", manifest: "Manifest", done: "Sequence[Versions]", *, as_json: bool
) -> None:
    untouched = Counter(kind for one in done for kind in one.untouched)
    facts = {
        "out": str(out / _MANIFEST),
        "takes": len(clips),
        "versions": len(manifest.clips),
        "pairs": len(manifest.pairs),
        "untouched": dict(untouched),
    }
    if untouched and not as_json:
        click.echo(f"Takes in which a kind found nothing to hurt: {in_words(dict(untouched))}.", err=True)
    show_done(
        f"{out / _MANIFEST}: {len(manifest.clips)} versions of {len(clips)} takes, {len(manifest.pairs)} pairs.",
        facts,
        as_json=as_json,
    )
