"""`vocalverse models`: the networks that hear, which of them are here, and how they get in."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vocalverse.cli.bars import bars
from vocalverse.cli.output import in_bytes, json_option, show_done, show_facts, show_rows

if TYPE_CHECKING:
    from vocalverse.models.catalogue import Entry
    from vocalverse.models.intake import Source
    from vocalverse.models.shelf import Installed, Shelf

_COLUMNS = ("name", "here", "purpose", "size", "commercial", "licence", "published", "measured")
_STAGES = {"fetch": "fetching", "hash": "checking", "read": "converting", "separate": "separating"}

_folder_option: Callable[[Any], Any] = click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where models are kept; `models` in the data folder where nothing is said.",
)
_accept_option = click.option(
    "--accept-licence", "accepted", is_flag=True, help="You have read the licence, and it lets you do what you do."
)


@click.group()
def models() -> None:
    """Models that separate, dereverberate, and encode for the judges.

    A separator that is free for every venue comes with VocalVerse. Nothing else is fetched without your asking for it.
    """


@models.command("list")
@_folder_option
@json_option
def list_(folder: Path | None, as_json: bool) -> None:
    """All that are known, and which of them are here."""
    from vocalverse.cli.models_encoders import rows as encoder_rows
    from vocalverse.models.catalogue import entries

    shelf = _shelf(folder)
    installed = {one.name: one for one in shelf.installed()}
    rows = [_known(entry, installed.pop(entry.name, None)) for entry in entries()]
    rows += [_own(one) for one in installed.values()]
    rows += encoder_rows(shelf.encoders)
    show_rows(rows, columns=_COLUMNS, as_json=as_json, empty="The catalogue is empty.")


@models.command()
@click.argument("name")
@click.option("--from", "source", metavar="PLACE", help="A mirror's address, or a folder or file here.")
@click.option("--sha256", help="The whole hash of the checkpoint, where the catalogue knows only a part.")
@_accept_option
@_folder_option
@json_option
def fetch(
    name: str, source: str | None, sha256: str | None, accepted: bool, folder: Path | None, as_json: bool
) -> None:
    """Fetch NAME, check it, and convert it once. What breaks off goes on when you call it again."""
    from vocalverse.cli.models_encoders import refuse_to_fetch
    from vocalverse.models.catalogue import find
    from vocalverse.models.digest import pin
    from vocalverse.models.fetch import fetch as fetch_model

    refuse_to_fetch(name)
    shelf = _shelf(folder)
    with bars(_STAGES) as progress:
        installed = fetch_model(
            find(name),
            shelf,
            source=source,
            pin=pin(sha256) if sha256 else None,
            accepted=accepted,
            progress=progress,
        )
    _show_installed(installed, shelf, as_json=as_json)


@models.command("import")
@click.argument("place", metavar="FILE|FOLDER", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--yaml",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What its author publishes with it: yaml, or json for VR models. FILE's name with .yaml or .json otherwise.",
)
@click.option(
    "--sha256", help="The hash that FILE's author publishes: it is opened only if it fits. Of a FOLDER, its revision."
)
@click.option("--licence", help="Such as MIT.")
@click.option("--name", help="How it is to be called; the file's name where nothing is said.")
@click.option(
    "--purpose",
    type=click.Choice(["separate", "dereverberate"]),
    help="What it is for; its yaml's stems tell where nothing is said.",
)
@click.option("--encoder", metavar="FAMILY", help="What FOLDER is an encoder of, such as whisper, wavlm or text.")
@click.option("--commercial", type=click.Choice(["yes", "no", "unknown"]), default="unknown", show_default=True)
@_accept_option
@_folder_option
@json_option
def import_(place: Path, yaml: Path | None, as_json: bool, folder: Path | None, **said: Any) -> None:
    """Put a checkpoint of your own beside the others.

    A FILE separates or dereverberates. It is converted once, with what its yaml says. Mel-Band and BS RoFormers run
    through VocalVerse's own networks, VR and MDXC models through audio-separator's.

    A FOLDER holds an encoder as it was published. What is loaded of it is copied as it is; what of it has to be there,
    and under which licence, is known for all that `models list` shows.

    \b
    Examples:
      vocalverse models import dereverb.ckpt --sha256 0b1c… --licence MIT --commercial yes
      vocalverse models import whisper-large-v3/ --name whisper-large-v3
      vocalverse models import mine/ --encoder wavlm --name mine --licence MIT --commercial yes
    """
    from vocalverse.cli.models_encoders import take_in

    shelf = _shelf(folder)
    if place.is_dir():
        take_in(shelf.encoders, place, said, as_json=as_json)
    else:
        _import_file(place, yaml, shelf, said, as_json=as_json)


@models.command()
@click.argument("name", required=False)
@_folder_option
@json_option
def verify(name: str | None, folder: Path | None, as_json: bool) -> None:
    """Look whether models are still what was put in.

    NAME alone, or all that are here; exit status 1 where one is not.
    """
    from vocalverse.models.catalogue import entries
    from vocalverse.models.shelf import Verdict

    shelf = _shelf(folder)
    bundled = [entry.name for entry in entries() if entry.bundled]
    here = [*(one.name for one in shelf.installed()), *(one.name for one in shelf.encoders.installed())]
    names = [name] if name else list(dict.fromkeys([*bundled, *here]))
    with bars(_STAGES) as progress:
        found = [shelf.verify(one, progress=progress) for one in names]
    show_rows([asdict(one) for one in found], columns=("name", "verdict", "sha256"), as_json=as_json, empty="No model.")
    if any(one.verdict in (Verdict.CHANGED, Verdict.ABSENT) for one in found):
        click.get_current_context().exit(1)


@models.command()
@click.argument("name")
@click.option(
    "--backend", type=click.Choice(["torch", "torch-compiled", "openvino", "cuda"]), default="torch", show_default=True
)
@click.option("--precision", type=click.Choice(["fp32", "bf16", "fp16"]), default="fp32", show_default=True)
@_accept_option
@_folder_option
@json_option
def check(name: str, backend: str, precision: str, accepted: bool, folder: Path | None, as_json: bool) -> None:
    """Prove on a mix of known parts that NAME works; exit status 1 where it does not."""
    from vocalverse.models.check import check as check_model
    from vocalverse.separate.precision import Precision

    shelf = _shelf(folder)
    weights = shelf.path_of(name, accepted=accepted)
    with bars(_STAGES) as progress:
        checked = check_model(
            name,
            weights,
            shelf.purpose_of(name),
            backend=backend,
            precision=Precision(precision),
            progress=progress,
        )
    show_facts({**asdict(checked), "passed": checked.passed}, as_json=as_json)
    if not checked.passed:
        click.get_current_context().exit(1)


def _shelf(folder: Path | None) -> "Shelf":
    from vocalverse.models.shelf import Shelf
    from vocalverse.settings import data_folder

    return Shelf(folder or data_folder() / "models")


def _import_file(file: Path, yaml: Path | None, shelf: "Shelf", said: dict[str, Any], *, as_json: bool) -> None:
    from vocalverse.errors import BadInput
    from vocalverse.models.digest import pin
    from vocalverse.models.intake import recognise

    if said["encoder"]:
        raise BadInput(f"{file} is a file: an encoder is imported as the folder that it was published in.")
    for option in ("sha256", "licence"):
        if said[option] is None:
            raise BadInput(f"{file} needs --sha256 and --licence, as its author publishes them: say --{option}.")
    source = recognise(file, yaml)
    entry = _entry_of(source, said)
    with bars(_STAGES) as progress:
        installed = shelf.put(
            entry, file, source.yaml, pin=pin(said["sha256"]), accepted=said["accepted"], progress=progress
        )
    _show_installed(installed, shelf, as_json=as_json)


def _entry_of(source: "Source", said: dict[str, Any]) -> "Entry":
    from vocalverse.errors import BadInput
    from vocalverse.models.catalogue import Commercial, Entry, entries
    from vocalverse.separate.purpose import Purpose

    file = source.checkpoint
    name = said["name"] or file.stem.lower().replace(" ", "-")
    if name in {entry.name for entry in entries()}:
        raise BadInput(f"{name} is in the catalogue: vocalverse models fetch {name} --from {file}")
    return Entry(
        name=name,
        purpose=Purpose(said["purpose"]) if said["purpose"] else source.purpose,
        architecture="",  # the yaml says it
        file=file.name,
        licence=said["licence"],
        commercial=Commercial(said["commercial"]),
        page="the page where you found it",
    )


def _known(entry: "Entry", installed: "Installed | None") -> dict[str, object]:
    size = entry.bytes or entry.bytes_about
    facts = {name: value for name, value in asdict(entry).items() if name != "pin"}
    return {
        **facts,
        "sha256": str(entry.pin) if entry.pin else None,
        "here": "bundled" if entry.bundled else "yes" if installed else "no",
        "size": None if size is None else in_bytes(size),
    }


def _own(installed: "Installed") -> dict[str, object]:
    return {**asdict(installed), "here": "yes", "size": in_bytes(installed.bytes), "published": None, "measured": None}


def _show_installed(installed: "Installed", shelf: "Shelf", *, as_json: bool) -> None:
    known = "its hash is as published" if installed.source_pinned else "only a part of its hash was known"
    show_done(
        f"{installed.name} is in {shelf.folder} ({in_bytes(installed.bytes)}; {known})."
        f" Prove it: vocalverse models check {installed.name}",
        {**asdict(installed), "path": str(shelf.path_of(installed.name))},
        as_json=as_json,
    )
