"""`vocalverse separate`: voices out of recordings, for people."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vocalverse.cli.places import Song
from vocalverse.cli.separate_plan import Models, Wishes, plan
from vocalverse.cli.separate_views import Shown, Told, WithBars, show_json_of, show_sum
from vocalverse.errors import BadInput

if TYPE_CHECKING:
    from vocalverse.cli.separate_songs import Done, Kit

EXIT_SOME_FAILED = 1
_STEMS = ("voice", "backing")
_PATH = click.Path(path_type=Path)


def _stems(context: click.Context, option: click.Parameter, said: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in said.split(",") if name.strip()))
    if not names or not set(names) <= set(_STEMS):
        raise BadInput(f"--stems {said!r}: there are voice and backing; for both, say {','.join(_STEMS)}.")
    return names


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=_PATH)
@click.option(
    "-o",
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default="separated",
    show_default=True,
    help="The folder for what comes out.",
)
@click.option("--stems", default="voice,backing", show_default=True, callback=_stems, help="Or one of them.")
@click.option(
    "--format",
    "sound",
    type=click.Choice(["flac", "wav"]),
    default="flac",
    show_default=True,
    help="FLAC in 24 bits, or WAV in floating point.",
)
@click.option("--dereverb", is_flag=True, help="Take the room out of the voice, too; a dry one stays as it is.")
@click.option("--backing", type=_PATH, metavar="SONG", help="The backing that was played, where it is known.")
@click.option("--key-shift", type=click.IntRange(-12, 12), default=0, help="Semitones by which it was shifted.")
@click.option("--fast", is_flag=True, help="Half the work, with seams that may be heard.")
@click.option("--best", is_flag=True, help="Twice the work, for a little more.")
@click.option("--model", metavar="NAME", help="The separator; `vocalverse models list` names those that there are.")
@click.option(
    "--dereverb-model",
    metavar="NAME",
    help="A network that takes the room out, in place of prediction without weights. Implies --dereverb.",
)
@click.option(
    "--accept-licence", "accepted", is_flag=True, help="You have read the models' licences, and they let you."
)
@click.option("--picture", is_flag=True, help="Spectrograms of before and after as PNG.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def separate(
    files: tuple[Path, ...],
    *,
    out: Path,
    fast: bool,
    best: bool,
    as_json: bool,
    **said: Any,
) -> None:
    """Take the voice out of each FILE, and out of every recording in each folder and the folders in it.

    WAV, FLAC, Ogg, Opus, MP3 and M4A are heard, an hour of each at most. song.mp3 becomes song.voice.flac and
    song.backing.flac in the folder of --out, which is made as the folders that were given are. A file stands there
    only when it is whole. One that cannot be heard does not keep the others from it: the exit status is 1 then.

    \b
    Example:
      vocalverse separate take.m4a -o out
      vocalverse separate takes/ -o out --stems voice --dereverb --format wav
      vocalverse separate take.flac --backing song.ogg --key-shift -2 --picture
    """
    if fast and best:
        raise BadInput("--fast and --best are opposites: give one of them.")
    songs = plan(files, out)
    models = Models(said.pop("model"), said.pop("dereverb_model"), accepted=said.pop("accepted"))
    wishes = Wishes(**said | {"dereverb": said["dereverb"] or models.dereverberator is not None})
    from vocalverse.cli.separate_songs import Kit

    view = WithBars(songs) if sys.stderr.isatty() else Told(quietly=as_json)
    with view as shown:
        kit = Kit.open(wishes, models, overlap=1 if fast else 4 if best else 2)
        done = list(_each(songs, kit, shown))
    if as_json:
        show_json_of(done)
    else:
        show_sum(done)
    if any(one.failed for one in done):
        sys.exit(EXIT_SOME_FAILED)


def _each(songs: "list[Song]", kit: "Kit", shown: Shown) -> "Iterator[Done]":
    for song in songs:
        shown.begins(song)
        done = kit.separate(song, shown.progress)
        shown.ended(done)
        yield done
