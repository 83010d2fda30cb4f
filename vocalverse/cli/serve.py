"""`vocalverse serve`: the gateway."""

import click


@click.command()
@click.option("--host", help="Address to listen on; VOCALVERSE_HOST otherwise.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on; VOCALVERSE_PORT otherwise.")
def serve(host: str | None, port: int | None) -> None:
    """Take recordings in and give results out, until Ctrl-C or SIGTERM.

    One gateway works with one data folder (VOCALVERSE_DATA). Put a proxy with TLS in front of it where it is reached
    from elsewhere, and name that proxy in VOCALVERSE_TRUSTED_PROXIES.

    \b
    Behind nginx on the same machine:  vocalverse serve --host 127.0.0.1 --port 8470
    """
    from dataclasses import replace

    from vocalverse.gateway.server import serve as run
    from vocalverse.logs import start_logging
    from vocalverse.settings import Settings

    start_logging()
    settings = Settings.read()
    run(replace(settings, host=host or settings.host, port=port or settings.port))
