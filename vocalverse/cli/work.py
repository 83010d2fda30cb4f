"""`vocalverse work`: workers under their supervisor."""

import click

from vocalverse.records import WorkerClass


@click.command()
@click.option(
    "--class",
    "worker_class",
    type=click.Choice([one.value for one in WorkerClass]),
    default=WorkerClass.CPU.value,
    show_default=True,
    help="Which tasks to take.",
)
@click.option("--processes", type=click.IntRange(1, 64), default=1, show_default=True, help="How many workers.")
def work(worker_class: str, processes: int) -> None:
    """Judge recordings: worker processes under a supervisor that restarts and, where they hang, kills them.

    Several processes may share one GPU, so that one song's CPU stages overlap another's GPU stages. SIGTERM lets
    each finish its task within VOCALVERSE_GRACE_S, then hands the task back.

    \b
    On a GPU box:  vocalverse work --class gpu --processes 3
    """
    from vocalverse.logs import start_logging
    from vocalverse.settings import Settings
    from workers.supervisor import Supervisor
    from workers.workplace import Workplace

    settings = Settings.read()
    Workplace.check(settings)  # here it is one sentence; in a worker it would be a loop of restarts
    start_logging()
    Supervisor(settings, WorkerClass(worker_class), processes).run()
