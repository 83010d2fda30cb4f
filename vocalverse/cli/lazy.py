"""Groups whose commands are imported when they are called, and the one place where an error becomes an exit status."""

import importlib
import json
from collections.abc import Mapping
from typing import Any

import click

from vocalverse.errors import TooMuch, VocalVerseError

_JSON = "vocalverse.json"
_INTERRUPTED = 130  # as a shell says of a program that Ctrl-C ended


class LazyCommand(click.Command):
    """Where a command is, and the line that stands for it in `--help`."""

    def __init__(self, name: str, *, where: str, line: str) -> None:
        super().__init__(name, short_help=line)
        self.where = where

    def load(self) -> click.Command:
        module, attribute = self.where.split(":")
        found: click.Command = getattr(importlib.import_module(module), attribute)
        return found


class LazyGroup(click.Group):
    """Lists its commands without importing them."""

    @staticmethod
    def table(commands: Mapping[str, tuple[str, str]]) -> dict[str, click.Command]:
        return {name: LazyCommand(name, where=where, line=line) for name, (where, line) in commands.items()}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the table, which is the order in which a newcomer needs them."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        return name, command.load() if isinstance(command, LazyCommand) else command, rest


class Root(LazyGroup):
    """Every error of ours ends as one line on standard error and the error's own exit status."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[_JSON] = "--json" in args
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, click.Abort):
            click.echo(err=True)
            ctx.exit(_INTERRUPTED)
        except VocalVerseError as error:
            _say(error, as_json=ctx.meta[_JSON])
            ctx.exit(error.exit_status)
        except ModuleNotFoundError as missing:
            if (missing.name or "").split(".")[0] in ("vocalverse", "workers", "migrations"):
                raise
            _say(_NotInstalled(missing), as_json=ctx.meta[_JSON])
            ctx.exit(_NotInstalled.exit_status)


def _say(error: VocalVerseError, *, as_json: bool) -> None:
    message = " ".join(str(error).split())
    if not as_json:
        click.echo(f"{click.style('Error:', fg='red')} {message} [{error.code}]", err=True)
        return
    said: dict[str, object] = {"error": error.code, "message": message}
    if isinstance(error, TooMuch):
        said["retry_after_s"] = error.retry_after_s
    click.echo(json.dumps(said), err=True)


class _NotInstalled(VocalVerseError):
    code = "not_installed"

    def __init__(self, missing: ModuleNotFoundError) -> None:
        super().__init__(
            f"This command needs the package {missing.name!r}, which is not installed here. A venue's machine needs it"
            " not; a server does: pip install 'vocalverse[server,embedded,hear,train]'"
        )
