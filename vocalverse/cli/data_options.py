"""What several commands ask of manifests alike."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from vocalverse.training.splits import Apart

_Command = TypeVar("_Command", bound=Callable[..., Any])

_BOTH, _NONE = "both", "none"

apart_option: Callable[[_Command], _Command] = click.option(
    "--apart",
    type=click.Choice([_BOTH, "singer", "song", _NONE]),
    default=_BOTH,
    show_default=True,
    help="What no two splits may share. Collections that share more flatter whoever learnt from them.",
)


def wanted_apart(said: str) -> "frozenset[Apart]":
    from vocalverse.training.splits import BOTH, Apart

    if said in (_BOTH, _NONE):
        return BOTH if said == _BOTH else frozenset()
    return frozenset({Apart(said)})
