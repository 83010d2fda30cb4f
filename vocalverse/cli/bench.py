"""`vocalverse bench`: how fast it is here, each time read against the machine's own figures."""

import json
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vocalverse.errors import Unavailable

if TYPE_CHECKING:
    from vocalverse.bench.figures import Figure, Report
    from vocalverse.bench.machine import Machine

_SPINE = ("noop", "ingest", "backlog")


@click.command()
@click.argument("what", type=click.Choice(["machine", *_SPINE, "separate", "all"]), default="all")
@click.option("--quick", is_flag=True, help="Smaller numbers, for a first look.")
@click.option(
    "--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Workers for the no-op bench."
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="On which disk to measure.  [default: the system's folder for temporary files]",
)
@click.option(
    "--config",
    type=click.Choice(["published", "dereverb", "small", "smaller", "tiny"]),
    default="published",
    show_default=True,
    help="The network's size in the bench `separate`; its weights are random.",
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def bench(what: str, *, quick: bool, workers: int, folder: Path | None, config: str, as_json: bool) -> None:
    """Measure how fast it is on this machine, with real servers in a folder of their own, away from your data.

    \b
    machine   the machine's own figures, which every other bench prints first
    noop      tasks that take no time, through the whole protocol, beside plain RQ
    ingest    5 MB recordings coming in, the gateway's memory, the wait until one is begun
    backlog   dispatch rounds and listings at 10⁴, 10⁵ and 10⁶ waiting tasks
    all       all of these, about eight minutes
    separate  the ear beside audio-separator, on songs, and on a GPU where one is; half an hour
    """
    from vocalverse.bench import machine
    from vocalverse.bench.figures import Report

    with tempfile.TemporaryDirectory(prefix="vocalverse-bench-", dir=folder) as place:
        own = machine.measure(Path(place))
        if not as_json:
            _print_machine(Report(own, ()))
        figures: list[Figure] = []
        for name in _SPINE if what == "all" else (what,):
            if name == "separate":
                figures += _shown(_separate(own, Path(place), config=config, quick=quick), quiet=as_json)
            elif name != "machine":
                figures += _shown(_run(name, Path(place) / name, quick=quick, workers=workers), quiet=as_json)
    if as_json:
        click.echo(json.dumps(Report(own, figures).as_json(), indent=2, ensure_ascii=False))


def _run(name: str, place: Path, *, quick: bool, workers: int) -> "Iterable[Figure]":
    from vocalverse.bench import backlog, ingest, noop
    from vocalverse.bench.house import House

    benches: dict[str, Callable[[House], Iterable[Figure]]] = {
        "noop": lambda house: noop.measure(house, tasks=500 if quick else 3000, workers=workers),
        "ingest": lambda house: ingest.measure(
            house, recordings=80 if quick else 400, open_uploads=200, singers=20 if quick else 100
        ),
        "backlog": lambda house: backlog.measure(
            house, sizes=[10_000] if quick else [10_000, 100_000, 1_000_000], venues=800
        ),
    }
    with House(place) as house:
        yield from benches[name](house)


def _separate(machine: "Machine", place: Path, *, config: str, quick: bool) -> "Iterable[Figure]":
    try:
        from vocalverse.bench import separate
    except ModuleNotFoundError as missing:
        raise Unavailable(f"{missing.name} is not installed: pip install torch 'vocalverse[hear]'.") from missing
    return separate.measure(machine, place, config=config, quick=quick)


def _shown(figures: "Iterable[Figure]", *, quiet: bool) -> "list[Figure]":
    """Print each figure as it comes: a bench takes minutes."""
    seen = []
    for figure in figures:
        seen.append(figure)
        if not quiet:
            asked = f"  (asked: {figure.target})" if figure.target else ""
            note = f"  {figure.note}" if figure.note else ""
            click.echo(
                f"{figure.name:<58} {figure.value:>10,.{1 if abs(figure.value) >= 100 else 2}f} {figure.unit}{asked}{note}"
            )
    return seen


def _print_machine(report: "Report") -> None:
    own = report.machine
    bf16 = "not measured (torch is not installed)" if own.bf16_gflops is None else f"{own.bf16_gflops:,.0f} GF/s"
    click.echo(
        f"{own.cpu}, {own.cores} cores: matmul fp32 {own.fp32_gflops:,.0f} GF/s, bf16 {bf16};"
        f" FFT on one core {own.fft_gflops:.1f} GF/s; SHA-256 {own.sha256_mb_per_s:,.0f} MB/s;"
        f" fsync {own.fsync_ms:.2f} ms; durable writes {own.durable_mb_per_s:,.0f} MB/s\n"
    )
