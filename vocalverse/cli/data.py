"""`vocalverse data`: recordings to learn from and to be judged on."""

import click

from vocalverse.cli.lazy import LazyGroup

_COMMANDS = {
    "check": ("vocalverse.cli.data_check:check", "Look at a manifest: what is in it, and what is wrong."),
    "import": ("vocalverse.cli.data_import:import_", "Make a manifest of a collection, or of a list of your own."),
    "export": ("vocalverse.cli.data_export:export", "Copy recordings that may be learnt from, to be rated."),
    "damage": ("vocalverse.cli.data_damage:damage", "Damage voices on purpose, by grades, to learn from or report on."),
}


@click.group(cls=LazyGroup, commands=LazyGroup.table(_COMMANDS))
def data() -> None:
    """Manifests: what judges learn from and are judged on.

    \b
    A manifest is JSON Lines, or Parquet with the same columns. A line is a take:
      {"id": "a1", "audio": "a1.flac", "singer": "ann", "song": "moon river", "licence": "CC-BY-4.0",
       "ratings": [{"dimension": "breath", "rater": "x", "value": 4}]}
    and may say: domain, system, language, gender, room, text, split (train, validation, test), synthetic;
    or somebody compared two:
      {"better": "a1", "worse": "b7", "dimension": "breath", "rater": "x"}
    The first line may be the scale: {"scale": [1, 5]}. Audio is named from the manifest's folder.
    """
