"""`vocalverse htpr`: people put takes in order, blind to the judge."""

import click

from vocalverse.cli.lazy import LazyGroup

_COMMANDS = {
    "create": ("vocalverse.cli.htpr_sessions:create", "Draw triples from what a judge said."),
    "invite": ("vocalverse.cli.htpr_sessions:invite", "Make links for listeners."),
    "serve": ("vocalverse.cli.htpr_sessions:serve", "Open the page for listeners."),
    "list": ("vocalverse.cli.htpr_sessions:list_", "All sessions."),
    "close": ("vocalverse.cli.htpr_sessions:close", "Take no more answers."),
    "report": ("vocalverse.cli.htpr_report:report", "How far listeners agree with the judge, and with each other."),
    "export": ("vocalverse.cli.htpr_report:export", "The answers as a manifest to train on."),
}


@click.group(cls=LazyGroup, commands=LazyGroup.table(_COMMANDS))
def htpr() -> None:
    """H-TPR, Human-in-the-loop Tiered Perceptual Ranking: do people hear what the judge hears?

    The judge ranks a pool of performances on one dimension; the upper third of the ranks is its High tier, the lower
    third its Low one. Listeners, who see nothing of that, put triples with one take of each tier in order. Reported are
    the share of triples in exact order, the share of pairs in order, and Kendall's tau.

    \b
    Example:
      vocalverse htpr create june --predictions said.csv --data takes.jsonl --dimension breath
      vocalverse htpr serve june
      vocalverse htpr report june --html june.html
    """
