"""`vocalverse dispatch`: the dispatcher."""

import click


@click.command()
def dispatch() -> None:
    """Lease waiting tasks and deliver them to the workers. Any number may run: one leads, the others stand by."""
    from vocalverse.logs import start_logging
    from vocalverse.queue.service import serve
    from vocalverse.settings import Settings

    start_logging()
    serve(Settings.read())
