"""`vocalverse`: one command line for venues, operators and daemons. A command is imported when it is called."""

import click

from vocalverse import __version__
from vocalverse.cli.lazy import LazyGroup, Root

_COMMANDS = {
    "up": ("vocalverse.cli.up:up", "Start everything on this machine."),
    "serve": ("vocalverse.cli.serve:serve", "Run the gateway."),
    "dispatch": ("vocalverse.cli.dispatch:dispatch", "Run the dispatcher."),
    "work": ("vocalverse.cli.work:work", "Run workers."),
    "agent": ("vocalverse.cli.agent:agent", "Upload a venue's recordings."),
    "venues": ("vocalverse.cli.venues:venues", "Venues, and who may read their reports."),
    "keys": ("vocalverse.cli.keys:keys", "API keys."),
    "recordings": ("vocalverse.cli.recordings:recordings", "Recordings and their judging."),
    "songs": ("vocalverse.cli.songs:songs", "Songs that recordings name."),
    "db": ("vocalverse.cli.db:db", "The database: bring it up to date, check it."),
    "blobs": ("vocalverse.cli.blobs:blobs", "The stored sound."),
    "separate": ("vocalverse.cli.separate:separate", "Take voices out of recordings."),
    "score": ("vocalverse.cli.score:score", "Judge how somebody sings."),
    "measure": ("vocalverse.cli.measure:measure", "Measure how somebody sings."),
    "prescreen": ("vocalverse.cli.prescreen:prescreen", "Rules before judging: show, learn, pick takes by them."),
    "models": ("vocalverse.cli.models:models", "Models: list, fetch, check."),
    "releases": ("vocalverse.cli.releases:releases", "What judges: list, check, install, activate, compare."),
    "htpr": ("vocalverse.cli.htpr:htpr", "Have people put takes in order, blind to the judge."),
    "data": ("vocalverse.cli.data:data", "Manifests of rated recordings: import, check."),
    "train": ("vocalverse.cli.train:train", "Train networks on recordings of your own."),
    "evaluate": ("vocalverse.cli.evaluate:evaluate", "Hold a judge against what people said."),
    "cache": ("vocalverse.cli.cache:cache", "What encoders made of recordings: how much, make room."),
    "bench": ("vocalverse.cli.bench:bench", "Measure this installation."),
    "doctor": ("vocalverse.cli.doctor:doctor", "Look at everything and say what to do."),
    "completion": ("vocalverse.cli.completion:completion", "Print completion for your shell."),
}


@click.group(cls=Root, commands=LazyGroup.table(_COMMANDS), context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="vocalverse", message="%(prog)s %(version)s")
def main() -> None:
    """A singing judge for karaoke venues.

    Everything is started by `vocalverse up`; looked at by `vocalverse doctor`. Settings are read from VOCALVERSE_…
    in the environment.
    """
