"""`vocalverse bench`: how fast it is here, each time read against the machine's own figures; and how well it hears."""

import json
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vocalverse.cli.bench_tables import PARTS, TABLES, Wishes, hearing_installed, show_tables

if TYPE_CHECKING:
    from vocalverse.bench.figures import Figure, Report
    from vocalverse.bench.machine import Machine

_SPINE = ("noop", "ingest", "backlog")


@click.command()
@click.argument(
    "what",
    type=click.Choice(
        [
            "machine",
            *_SPINE,
            "song",
            "separate",
            "measure",
            "encode",
            "judge",
            "hearing",
            "truth",
            "scoring",
            "verdict",
            "all",
        ]
    ),
    default="all",
)
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
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="The recordings for `hearing`, `truth`, `scoring` and `verdict`: a folder with mir1k, rir, ssvd and so on in it.",
)
@click.option(
    "--accept-licence",
    "accepted",
    is_flag=True,
    help="`hearing` and `verdict` try what is for research only too, whose licence you read.",
)
@click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A recording for the benches `song` and `measure`.  [default: a made song]",
)
@click.option(
    "--peer-python",
    "peer_pythons",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="A Python with peers that this package never loads, such as parselmouth; they run in processes of their own."
    " Several are looked through.",
)
@click.option(
    "--release",
    "releases",
    multiple=True,
    help="Whom `verdict` tries: a release's name, or its folder.  [default: lite]",
)
@click.option("--only", multiple=True, type=click.Choice(PARTS), help="Of `verdict` no more than that.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="`verdict` writes a page, too.")
@click.option(
    "--jobs", type=click.IntRange(1, 64), default=2, show_default=True, help="Processes that hear for `verdict`."
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def bench(what: str, *, as_json: bool, **wishes: object) -> None:
    """Measure how fast it is on this machine, with real servers in a folder of their own, away from your data.

    \b
    machine   the machine's own figures, which every other bench prints first
    noop      tasks that take no time, through the whole protocol, beside plain RQ
    ingest    5 MB recordings coming in, the gateway's memory, the wait until one is begun
    backlog   dispatch rounds and listings at 10⁴, 10⁵ and 10⁶ waiting tasks
    all       all of these, about eight minutes
    song      a whole song by lite, from its mix to its scores, beside the usual tools, and in the queue; half an hour
    separate  the ear beside audio-separator, on songs, and on a GPU where one is; half an hour
    measure   all measures of a song on one core beside the plain chain, and over length; a quarter of an hour
    encode    encoders beside transformers and SaMoye's public structure, on random weights; ten minutes
    judge     heads over a song, an epoch from the cache, and four dimensions on a GPU; two minutes
    hearing   how well the ear hears, in tables, on recordings of your own (--data); half an hour
    truth     how true the measures are, on made and damaged singing; with --data also on labels, in an hour
    scoring   what games pay for good, damaged and no singing, and what we do; half an hour, with --data two hours
    verdict   whether releases judge as they should, on singers that nothing was learnt from (--data); an hour
    """
    wished = Wishes(**wishes)  # type: ignore[arg-type]
    if what in TABLES:
        show_tables(what, wished, as_json=as_json)
        return
    from vocalverse.bench import machine
    from vocalverse.bench.figures import Report

    with tempfile.TemporaryDirectory(prefix="vocalverse-bench-", dir=wished.folder) as place:
        own = machine.measure(Path(place))
        if not as_json:
            _print_machine(Report(own, ()))
        figures: list[Figure] = []
        for name in _SPINE if what == "all" else (what,):
            if name in _HEARING:
                figures += _shown(_HEARING[name](own, Path(place), wished), quiet=as_json)
            elif name != "machine":
                figures += _shown(_run(name, Path(place) / name, wished), quiet=as_json)
    if as_json:
        click.echo(json.dumps(Report(own, figures).as_json(), indent=2, ensure_ascii=False))


def _run(name: str, place: Path, wished: Wishes) -> "Iterable[Figure]":
    from vocalverse.bench import backlog, ingest, noop
    from vocalverse.bench.house import House

    benches: dict[str, Callable[[House], Iterable[Figure]]] = {
        "noop": lambda house: noop.measure(house, tasks=500 if wished.quick else 3000, workers=wished.workers),
        "ingest": lambda house: ingest.measure(
            house, recordings=80 if wished.quick else 400, open_uploads=200, singers=20 if wished.quick else 100
        ),
        "backlog": lambda house: backlog.measure(
            house, sizes=[10_000] if wished.quick else [10_000, 100_000, 1_000_000], venues=800
        ),
    }
    with House(place) as house:
        yield from benches[name](house)


def _song(_: "Machine", place: Path, wished: Wishes) -> "Iterable[Figure]":
    with hearing_installed():
        from vocalverse.bench import song
    from vocalverse.bench.house import House
    from vocalverse.embedded.first_release import FIRST

    extent = song.QUICK if wished.quick else song.FULL
    with House(place / "house", task_limit_s=3600, run_lease_s=600) as house:
        yield from song.measure(place / "song", extent, release=FIRST, file=wished.file, house=house)


def _separate(machine: "Machine", place: Path, wished: Wishes) -> "Iterable[Figure]":
    with hearing_installed():
        from vocalverse.bench import separate
    return separate.measure(machine, place, config=wished.config, quick=wished.quick)


def _encode(machine: "Machine", place: Path, wished: Wishes) -> "Iterable[Figure]":
    with hearing_installed():
        from vocalverse.bench import encode
    return encode.measure(machine, place, encode.QUICK if wished.quick else encode.FULL)


def _judge(_: "Machine", place: Path, wished: Wishes) -> "Iterable[Figure]":
    with hearing_installed():
        from vocalverse.bench import judge
    return judge.measure(place, judge.QUICK if wished.quick else judge.FULL)


def _measure(_: "Machine", place: Path, wished: Wishes) -> "Iterable[Figure]":
    from vocalverse.bench import measure

    return measure.measure(place, quick=wished.quick, file=wished.file, peer_pythons=wished.peer_pythons)


_HEARING: "dict[str, Callable[[Machine, Path, Wishes], Iterable[Figure]]]" = {
    "song": _song,
    "separate": _separate,
    "measure": _measure,
    "encode": _encode,
    "judge": _judge,
}


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
