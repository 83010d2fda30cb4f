"""`vocalverse train separator`: what takes voices out of their backings, from recordings of one's own."""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vocalverse.cli.output import json_option, show_done
from vocalverse.errors import BadInput

if TYPE_CHECKING:
    from vocalverse.training.separator.job import Result
    from vocalverse.training.separator.loop import Step


@click.command()
@click.option("--manifest", required=True, type=click.Path(path_type=Path), help="CSV of what to learn from.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Where the network goes.")
@click.option("--resume", is_flag=True, help="Go on where --out stopped.")
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), help="Stop after so long; resume at will.")
@click.option("--steps", type=click.IntRange(1), default=2000, show_default=True, help="How many steps in all.")
@click.option("--batch", type=click.IntRange(1, 1024), default=4, show_default=True, help="Excerpts of 6 s in a step.")
@click.option(
    "--rate", type=click.FloatRange(0, 1, min_open=True), default=3e-4, show_default=True, help="Of learning."
)
@click.option("--seed", type=click.IntRange(0), default=20, show_default=True, help="Another seed, another run.")
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda or cuda:1.")
@click.option(
    "--network",
    type=click.Path(dir_okay=False, path_type=Path),
    help='JSON {"architecture": …, "config": {…}}.  [default: the bundled U-Nets, trained further]',
)
@json_option
def separator(*, manifest: Path, out: Path, resume: bool, network: Path | None, as_json: bool, **asked: Any) -> None:
    """Learn to take the voice out of its backing.

    \b
    The manifest's columns: path, role, singer, licence, split, weight.
    role    voice | backing | both (left the backing, right the voice) | room (an impulse response)
    split   train | validation | test; no singer may be in two of them
    Ctrl-C saves and stops; --resume goes on to the same end as if nothing had been.
    """
    from vocalverse.training.separator.job import Job, run

    seconds = asked["minutes"] * 60 if asked["minutes"] else None
    job = Job(
        manifest=manifest,
        folder=out,
        resume=resume,
        longest_s=seconds,
        steps=asked["steps"],
        batch=asked["batch"],
        seed=asked["seed"],
        learning_rate=asked["rate"],
        device=asked["device"],
        network=_network(network),
    )
    result = run(job, heard=_quiet if as_json else _Line().show)
    show_done(_sentence(result), result.as_json(), as_json=as_json)


def _network(path: Path | None) -> tuple[str, dict[str, Any]] | None:
    if path is None:
        return None
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        return str(said["architecture"]), dict(said["config"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(f'{path} is no JSON of the form {{"architecture": …, "config": {{…}}}} ({error}).') from None


def _quiet(_step: "Step") -> None:
    return


class _Line:
    """A line now and then: the loss, smoothed, and the time left."""

    def __init__(self) -> None:
        self._loss: float | None = None
        self._step_s = 0.0
        self._shown = 0.0

    def show(self, step: "Step") -> None:
        keep = 0.0 if self._loss is None else 0.95
        self._loss = keep * (self._loss or 0.0) + (1 - keep) * step.loss
        self._step_s = keep * self._step_s + (1 - keep) * step.seconds
        if time.monotonic() - self._shown < 10 and step.step < step.steps:
            return
        self._shown = time.monotonic()
        left_min = (step.steps - step.step) * self._step_s / 60
        click.echo(
            f"step {step.step:>6} of {step.steps}   loss {self._loss:7.3f}   {self._step_s:5.2f} s each   {left_min:.0f} min left"
        )


def _sentence(result: "Result") -> str:
    found = f"{result.path} after {result.step} of {result.steps} steps."
    if result.voice_db is not None:
        found += f" Voice SI-SDR on {result.songs} songs kept back: {result.mix_db:.1f} → {result.voice_db:.2f} dB."
    if result.restricting_licences:
        found += f" Learnt from recordings under {', '.join(result.restricting_licences)}: not for business."
    return found
