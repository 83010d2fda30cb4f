"""The ear: what runs its networks here, why that, and how fast; and the rules for what it hears. Reads what the first start measured."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from vocalverse.cli.checks import Finding, bad, good, note
from vocalverse.errors import RulesBroken
from vocalverse.settings import Settings

if TYPE_CHECKING:
    from vocalverse.separate.backends.choice import Choice

_TOO_SLOW = 1.0  # times real time, of one pass without overlap: with both passes the song outlasts its singer


def check_hearing(settings: Settings) -> Iterator[Finding]:
    from vocalverse.separate.packages import missing_packages

    if missing := missing_packages():
        todo = "deploy/up installs them; by hand: pip install torch, then pip install 'vocalverse[hear]'"
        yield bad("ear", f"{', '.join(missing)} missing: workers cannot hear", todo)
        return
    if settings.rules:
        yield _rules(Path(settings.rules))
    if find_spec("openvino") is None:
        yield note(
            "ear", "no OpenVINO", "pip install openvino: on Intel and AMD it is the quickest, for RoFormers above all"
        )
    from vocalverse.separate.backends.choice import stored

    trials = list(stored(settings.data / "trials"))
    if not trials:
        yield note("ear", "no backend has been measured yet", "the first worker does it when it starts")
    for circumstances, choice in trials:
        yield _judged(str(circumstances.get("architecture")), choice)


def _rules(file: Path) -> Finding:
    from vocalverse.prescreen.rules import read

    try:
        return good("rules", f"{len(read(file).rule)} of {file}")
    except RulesBroken as broken:
        return bad("rules", str(broken), "no worker starts before VOCALVERSE_RULES names a file of sound rules")


def _judged(architecture: str, choice: "Choice") -> Finding:
    speed = f"{choice.real_time_factor:.1f} × real time on {choice.threads} {'thread' if choice.threads == 1 else 'threads'}"
    found = f"{architecture} in {choice.precision} through {choice.name}, {speed} ({choice.why})"
    if choice.real_time_factor < _TOO_SLOW:
        return note("ear", found, "a smaller model or a GPU: recordings come faster than this hears them")
    return good("ear", found)
