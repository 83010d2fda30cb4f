"""What `vocalverse prescreen` shows: rules, and what learnt thresholds would have done."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vocalverse.cli.output import in_words, show_rows

if TYPE_CHECKING:
    from vocalverse.prescreen.calibrate import Calibrated, Moved, Tally
    from vocalverse.prescreen.rules import Condition, Rule, Rules

_INDENT = "    "


def show_rules(rules: "Rules") -> None:
    """One after the other: a table would be wider than any terminal."""
    for rule in rules.rule:
        weight = f", weight {rule.weight:g} of {rules.low_from:g}" if rule.outcome == "low" else ""
        click.echo(f"{click.style(rule.code, bold=True)}: {rule.outcome}{weight}")
        for condition in rule.when:
            click.echo(f"{_INDENT}{_in_words(condition)}")
        click.echo(f"{_INDENT}{click.style(in_words(rule.why), dim=True)}")


def rule_json(rule: "Rule") -> Mapping[str, Any]:
    said = asdict(rule)
    said["when"] = [{name: value for name, value in one.items() if value is not None} for one in said["when"]]
    return said


def show_calibrated(found: "Calibrated", out: Path | None) -> None:
    good, bad = found.present.kept_good + found.present.lost_good, found.present.passed_bad + found.present.stopped_bad
    click.echo(f"{good + bad} takes of {found.singers} singers: {good} worth keeping, {bad} not.\n")
    tallies = {
        "as at present": found.present,
        "learnt, with singers not learnt from": found.unseen,
        "learnt": found.learnt,
    }
    rows = [{"rules": name, **_shares(one)} for name, one in tallies.items()]
    show_rows(rows, columns=list(rows[0]), as_json=False, empty="")
    click.echo()
    rows = [dict(_moved(one)) for one in found.moved]
    if rows:
        show_rows(rows, columns=list(rows[0]), as_json=False, empty="")
    else:
        click.echo("There is no rule that could learn.")
    click.echo(f"\nWritten to {in_words(str(out))}." if out else "\nNothing is written: say where with --out.")


def calibrated_json(found: "Calibrated") -> Mapping[str, Any]:
    return {
        "singers": found.singers,
        "present": asdict(found.present),
        "unseen": asdict(found.unseen),
        "learnt": asdict(found.learnt),
        "moved": [
            {
                "code": one.learnt.code,
                "measure": one.learnt.when[0].measure,
                "present": one.present.when[0].threshold,
                "learnt": one.learnt.when[0].threshold,
                "without_some": one.without_some,
                "present_stops": asdict(one.present_tally),
                "learnt_stops": asdict(one.learnt_tally),
            }
            for one in found.moved
        ],
        "rules": {"low_from": found.rules.low_from, "rules": [rule_json(rule) for rule in found.rules.rule]},
    }


def _shares(tally: "Tally") -> Mapping[str, str]:
    good, bad = tally.kept_good + tally.lost_good, tally.passed_bad + tally.stopped_bad
    return {
        "good kept": str(tally.kept_good),
        "good lost": f"{tally.lost_good} ({tally.lost_good / max(1, good):.1%})",
        "bad passed": str(tally.passed_bad),
        "bad stopped": f"{tally.stopped_bad} ({tally.stopped_bad / max(1, bad):.1%})",
    }


def _moved(one: "Moved") -> Iterator[tuple[str, str]]:
    first, after = one.present.when[0], one.learnt.when[0]
    yield "rule", one.learnt.code
    yield "at present", _in_words(first)
    yield "learnt", f"{after.threshold:g}"
    yield "without some singers", f"{min(one.without_some):g} to {max(one.without_some):g}"
    yield "good it stops", f"{one.present_tally.lost_good} → {one.learnt_tally.lost_good}"
    yield "bad it stops", f"{one.present_tally.stopped_bad} → {one.learnt_tally.stopped_bad}"


def _in_words(condition: "Condition") -> str:
    return f"{condition.measure} {'below' if condition.above is None else 'above'} {condition.threshold:g}"
