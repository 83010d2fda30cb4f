"""`vocalverse score`: what the judge says of a recording, for people. No server, no database."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from vocalverse.cli.given import opened, recordings
from vocalverse.cli.output import json_option, show_json
from vocalverse.cli.places import places, require_writable
from vocalverse.cli.score_judges import all_scored, chosen
from vocalverse.cli.score_song import references_of
from vocalverse.cli.score_takes import Take, Wanted
from vocalverse.cli.score_views import show_all, show_take
from vocalverse.cli.take_options import take_options
from vocalverse.errors import BadInput

EXIT_SOME_FAILED = 1
_PATH = click.Path(path_type=Path)
_PICTURES = (".png", ".html")


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=_PATH)
@take_options
@click.option(
    "--release", default="lite", show_default=True, metavar="NAME", help="What judges: a release, or its folder."
)
@click.option(
    "--accept-licence", "agreed", is_flag=True, help="You agree to what restricts the release, as is listed then."
)
@click.option(
    "--picture", type=_PATH, metavar="PATH", help="Draw it: out.png, out.html, or a folder for PNG of each FILE."
)
@click.option(
    "--language", type=click.Choice(["en", "zh"]), default="en", show_default=True, help="Of the sentences on screen."
)
@click.option(
    "--jobs", type=click.IntRange(1, 64), default=1, show_default=True, help="Recordings at a time, each in a process."
)
@json_option
def score(
    files: tuple[Path, ...],
    *,
    picture: Path | None,
    release: str,
    agreed: bool,
    language: str,
    jobs: int,
    as_json: bool,
    **said: Any,
) -> None:
    """Judge how somebody sings in each FILE, and in every recording in each folder and the folders in it.

    Nothing has to run for it, and nothing is sent anywhere: it is what a worker does with a recording. Breath control,
    vocal technique, timbre quality and emotional expression are each judged from 1 to 5, with what it may lie between;
    the overall mark is of 100. Below each stands in a sentence what raised it most, what lowered it, and where.

    What is no singing is refused, and what is too far off is told so kindly: both say why, and have no scores. A
    recording that cannot be heard does not keep the others from it: the exit status is 1 then. A job takes about 1 GB
    of memory, most of it for the ear.

    \b
    Example:
      vocalverse score take.m4a --picture take.html
      vocalverse score take.m4a --song my-way.txt --backing my-way.ogg
      vocalverse score a-cappella.wav --voice --json
      vocalverse score takes/ --picture pictures --jobs 4
    """
    takes = _takes(files, picture)
    wanted = _wanted(**said)
    judge = chosen(release, agreed=agreed)
    done = []
    for one in all_scored(takes, wanted, judge, jobs=jobs):
        done.append(one)
        if not as_json:
            show_take(one, judge, language)
    if as_json:
        told = [one.as_json() for one in done]
        show_json({"release": judge.name, "commercial": judge.commercial, "files": told})
    else:
        show_all(done)
    if any(one.failed for one in done):
        sys.exit(EXIT_SOME_FAILED)


def _wanted(*, song: str | None, venue: str | None, alone: bool, backing: Path | None, key_shift: int) -> Wanted:
    if alone and backing:
        raise BadInput("--voice and --backing: where the voice is alone there is no backing. Leave one out.")
    if key_shift and not backing:
        raise BadInput("--key-shift is of the backing: say --backing FILE, too.")
    if backing:
        with opened(backing):
            """It is there, and may be read."""
    references = references_of(song, venue=venue, alone=alone) if song else {}
    return Wanted(references, alone, backing, key_shift)


def _takes(files: Sequence[Path], picture: Path | None) -> list[Take]:
    """What can be said against the places of pictures is said before anything is heard."""
    found = recordings(files)
    takes = [Take(one.source) for one in found]
    if picture is None:
        return takes
    if picture.suffix.lower() not in _PICTURES:
        drawn = places(found, picture, option="--picture", ends=(".png",))
        return [replace(take, picture=song.named("png")) for take, song in zip(takes, drawn, strict=True)]
    if len(takes) > 1 or picture.is_dir():
        raise BadInput(f"--picture {picture}: of {len(takes)} recordings; name a folder for one picture of each.")
    require_writable(picture.parent, "--picture")
    return [replace(take, picture=picture) for take in takes]
