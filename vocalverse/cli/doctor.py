"""`vocalverse doctor`: looks at everything and says what to do."""

from collections.abc import Iterator
from dataclasses import asdict

import click

from vocalverse.cli.checks import Check, Finding, Verdict, all_checks, bad, note
from vocalverse.cli.output import in_words, json_option, show_json
from vocalverse.errors import VocalVerseError
from vocalverse.settings import Settings

_MARKS = {Verdict.GOOD: ("✓", "green"), Verdict.NOTE: ("–", "yellow"), Verdict.BAD: ("✗", "red")}


@click.command()
@json_option
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Look at this machine, its servers and who works, and say what to do next.

    Changes nothing but a probe in the blob store. Exit status 1 where something does not work.
    """
    settings = Settings.read()
    findings: list[Finding] = []
    for check in all_checks():
        for finding in _examined(check, settings):
            findings.append(finding)
            if not as_json:
                _tell(finding)
    if as_json:
        show_json([asdict(finding) for finding in findings])
    ctx.exit(1 if any(finding.verdict is Verdict.BAD for finding in findings) else 0)


def _examined(check: Check, settings: Settings) -> Iterator[Finding]:
    try:
        yield from check(settings)
    except VocalVerseError as trouble:
        yield bad(check.__name__.removeprefix("check_"), str(trouble), "see the sentence itself")
    except ModuleNotFoundError as missing:
        yield note(check.__name__.removeprefix("check_"), f"not looked at: {missing.name} is not installed")


def _tell(finding: Finding) -> None:
    mark, colour = _MARKS[finding.verdict]
    click.echo(f"{click.style(mark, fg=colour)} {finding.about}: {in_words(finding.found)}")
    if finding.todo:
        click.echo(f"    → {finding.todo}")
