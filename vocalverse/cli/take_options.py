"""What people say of the recordings that they have judged or measured."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])


def take_options(command: _Command) -> _Command:
    """Its song, the venue whose song it is, whether it is a voice alone, and what was played to it."""
    for option in reversed(
        (
            click.option(
                "--song",
                metavar="SONG",
                help="How the song goes: a chart (UltraStar, MIDI, MusicXML, LRC), somebody singing it, or its name in the"
                " database.",
            ),
            click.option("--venue", help="The venue whose song it is, where SONG is a name."),
            click.option("--voice", "alone", is_flag=True, help="FILE is a voice alone: nothing is separated."),
            click.option(
                "--backing",
                type=click.Path(path_type=Path),
                metavar="FILE",
                help="The backing that was played, where it is known.",
            ),
            click.option(
                "--key-shift", type=click.IntRange(-12, 12), default=0, help="Semitones by which it was shifted."
            ),
        )
    ):
        command = option(command)
    return command
