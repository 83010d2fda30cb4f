"""How a recording and its result look on the command line."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from vocalverse.cli.output import in_words, show_facts, show_rows
from vocalverse.feedback.clock import moment
from vocalverse.records import OVERALL

if TYPE_CHECKING:
    from vocalverse.store.recordings import Outlook, View
    from vocalverse.store.results import Result

_MOST = 2  # pieces of evidence on either side
_EVIDENCE = ("dimension", "evidence", "value", "there", "effect", "at")
_JUDGED = ("dimension", "mark", "mark_low", "mark_high", "value", "low", "high")


def as_row(view: "View", slugs: Mapping[UUID, str]) -> dict[str, Any]:
    facts = asdict(view)
    return {"recording_id": facts.pop("recording_id"), "venue": slugs.get(facts.pop("venue_id")), **facts}


def as_facts(view: "View", ahead: "Outlook", slugs: Mapping[UUID, str]) -> dict[str, Any]:
    return {**as_row(view, slugs), "position": ahead.position, "estimate_s": ahead.estimate_s}


def as_assessment(result: "Result | None") -> dict[str, Any] | None:
    return asdict(result) if result else None


def tell_result(result: "Result") -> None:
    marks = {"pitch": result.pitch, "rhythm": result.rhythm}
    said = {name: f"{mark.value:.0f} ({mark.low:.0f} to {mark.high:.0f})" for name, mark in marks.items() if mark}
    if result.verdict:
        click.echo()
        show_facts({"prescreen": result.verdict, **said}, as_json=False)
    for finding in result.reasons:
        figures = ", ".join(f"{name} {in_words(value)}" for name, value in finding.evidence.items())
        click.echo(f"\nno score: {finding.code}{f' ({figures})' if figures else ''}")
    if result.remarks:
        click.echo(f"\nremarks: {in_words(list(result.remarks))}")
    if judged := {**result.dimensions, **({OVERALL: result.overall} if result.overall else {})}:
        click.echo()
        rows = [{"dimension": name, **asdict(one)} for name, one in judged.items()]
        show_rows(rows, columns=_JUDGED, as_json=False, empty="")
    if result.evidence:
        click.echo()
        show_rows(list(_evidence(result)), columns=_EVIDENCE, as_json=False, empty="")
    if result.words:
        click.echo()
        show_facts(_words(result), as_json=False)
    if result.measures:
        click.echo()
        known = {name: value for name, value in result.measures.items() if value is not None}
        show_facts(known, as_json=False)


def _evidence(result: "Result") -> Iterator[dict[str, object]]:
    """What raised each score most, and what lowered it most. All of it is in the JSON."""
    for dimension, pieces in result.evidence.items():
        raised = [one for one in pieces if one.effect > 0][:_MOST]
        lowered = [one for one in pieces if one.effect < 0][-_MOST:]
        for one in (*raised, *lowered):
            yield {
                "dimension": dimension,
                "evidence": one.name,
                "value": _measured(one.value, one.unit),
                "there": _measured(one.value_there, one.unit),
                "effect": f"{one.effect:+.2f}",
                "at": None if one.from_s is None or one.to_s is None else moment(one.from_s, one.to_s),
            }


def _measured(value: float | None, unit: str) -> str:
    if value is None:
        return in_words(None)
    return f"{value:.0%}" if unit == "share" else f"{in_words(value)} {unit}".rstrip()


def _words(result: "Result") -> dict[str, str]:
    """In all languages, what belongs together one below the other."""
    abouts = dict.fromkeys(about for told in result.words.values() for about in told)
    return {
        f"{about} ({language})": told[about]
        for about in abouts
        for language, told in result.words.items()
        if about in told
    }
