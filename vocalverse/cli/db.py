"""`vocalverse db`: the database at this version, and sound."""

from dataclasses import asdict

import click

from vocalverse.cli.database import operating, telling_outages
from vocalverse.cli.output import json_option, show_done, show_json


@click.group()
def db() -> None:
    """The database: bring it up to date, check it."""


@db.command()
@click.option("--to", default="head", show_default=True, metavar="REVISION", help="Stop at this migration.")
@json_option
def upgrade(to: str, as_json: bool) -> None:
    """Bring the database of VOCALVERSE_DATABASE_URL to this version. Safe to run again, and while it is in use."""
    from vocalverse.settings import Settings
    from vocalverse.store.migrate import upgrade as migrate
    from vocalverse.store.roles import roles_exist

    settings = Settings.read()
    with telling_outages(settings.database_url):
        migrate(settings.database_url, to=to)
    with operating(settings) as connection:
        apart = roles_exist(connection)
    where = "this version" if to == "head" else f"migration {to}"
    show_done(f"The database is at {where}.", {"migration": to, "roles": apart}, as_json=as_json)
    if not apart and not as_json:
        click.echo(
            "This login may make no roles: every part works under it, and `vocalverse venues reporter` is not to be"
            " had. A login with CREATEROLE changes that, at any time.",
            err=True,
        )


@db.command()
@click.option("--repair", "repairing", is_flag=True, help="Count the waiting tasks again where a counter is wrong.")
@json_option
@click.pass_context
def check(ctx: click.Context, repairing: bool, as_json: bool) -> None:
    """Whether tables, counters and roles are as this version needs them. Exit status 1 where they are not."""
    from vocalverse.store.backlog import miscounts, repair
    from vocalverse.store.migrate import drift
    from vocalverse.store.roles import roles_exist

    with operating() as connection:
        differences = drift(connection)
    wrong = []
    if not differences:
        with operating() as connection:
            if repairing:
                repair(connection)
            wrong = miscounts(connection)
    with operating() as connection:
        apart = roles_exist(connection)
    if as_json:
        show_json({"drift": differences, "miscounts": [asdict(one) for one in wrong], "roles": apart})
    else:
        _tell(
            differences,
            [
                f"{one.venue}, {one.worker_class}, {one.lane}: counted {one.counted}, there are {one.there}"
                for one in wrong
            ],
            apart=apart,
        )
    ctx.exit(1 if differences or wrong else 0)


def _tell(differences: list[str], wrong: list[str], *, apart: bool) -> None:
    _tell_of("tables", differences, cure="`vocalverse db upgrade`")
    if not differences:
        _tell_of("counters of waiting tasks", wrong, cure="`vocalverse db check --repair`")
    click.echo("✓ roles" if apart else "– roles: this login may make none, so every part works under one login")


def _tell_of(what: str, faults: list[str], *, cure: str) -> None:
    click.echo(f"✗ {what}: {cure}" if faults else f"✓ {what}")
    for fault in faults:
        click.echo(f"    {fault}")
