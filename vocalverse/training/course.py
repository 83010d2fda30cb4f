"""How one member of an ensemble learns. A run that was killed and resumed ends on the same bits."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from vocalverse.errors import BackendFailed, BadInput
from vocalverse.models.heads.batch import Estimate
from vocalverse.separate.precision import Precision
from vocalverse.training.lessons import Asked, Comparison, Lesson, Row, asked
from vocalverse.training.objective import Objective
from vocalverse.training.recipe import Optimiser, Training
from vocalverse.training.states import read_state, save_state

_SAVED_EVERY_S = 60.0


class Pupil(Protocol):
    """What learns: a head, with the encoders that are learnt along with it."""

    @property
    def module(self) -> nn.Module: ...

    @property
    def groups(self) -> list[dict[str, Any]]:
        """Of parameters, as optimisers take them."""
        ...

    def __call__(self, rows: Sequence[Row], *, forgetting: torch.Generator | None) -> Estimate:
        """`forgetting` draws whose domain and rater go untold; None: nobody's is told, as when it serves."""
        ...


@dataclass(frozen=True)
class Lessons:
    """What is learnt from in every epoch, and what says whether it helped."""

    learnt: tuple[Lesson | Comparison, ...]
    kept_back: tuple[Lesson | Comparison, ...]
    first: tuple[Lesson | Comparison, ...] = ()  # alone in the first epochs
    first_epochs: int = 0

    def of(self, epoch: int) -> tuple[Lesson | Comparison, ...]:
        return self.first if epoch < self.first_epochs else self.learnt


@dataclass(frozen=True)
class Epoch:
    """What one was like."""

    epoch: int  # how many are done
    loss: float
    kept_back: float  # the loss of what is kept back
    best: bool


class Course:
    """The pupil, the optimiser, and where they are."""

    def __init__(self, pupil: Pupil, lessons: Lessons, objective: Objective, training: Training, *, seed: int) -> None:
        self.pupil = pupil
        self.history: list[Epoch] = []
        self._lessons = lessons
        self._objective = objective
        self._training = training
        self._seed = seed
        self._step = 0  # of the epoch
        self._sum = 0.0  # of the epoch's losses
        self._best: dict[str, Tensor] = {}
        self._whole = True  # nothing is half changed
        self._optimiser = _optimiser(training, pupil.groups)

    @property
    def ended(self) -> bool:
        """All epochs are done, or none was better for a while; while only the first lessons are taught none counts."""
        done = len(self.history)
        best = max((told.epoch for told in self.history if told.best), default=0)
        return done >= self._training.epochs or done - max(best, self._lessons.first_epochs) > self._training.patience

    @property
    def steps(self) -> int:
        """Of the epoch that runs."""
        return math.ceil(len(self._lessons.of(len(self.history))) / self._training.batch)

    @property
    def done(self) -> float:
        """The share of all epochs."""
        return (len(self.history) + self._step / self.steps) / self._training.epochs

    def advance(self) -> None:
        """One step, and the judgement of the epoch if it was its last."""
        self.pupil.module.train()
        loss = self._learn(asked(self._drawn(), self._objective.dimensions))
        if not math.isfinite(loss):
            raise BackendFailed(
                f"The loss is no number in epoch {len(self.history) + 1}: lower training.rate, and begin anew."
            )
        with self._changing():
            self._change()
            self._sum += loss
            self._step += 1
        if self._step == self.steps:
            kept_back = self.judged(self._lessons.kept_back)
            with self._changing():
                self._end_epoch(kept_back)

    def judged(self, lessons: Sequence[Lesson | Comparison]) -> float:
        """The loss over all of them at once, as it serves."""
        told = asked(lessons, self._objective.dimensions)
        return float(self._objective(self.estimate(told.rows), told.wanted))

    def estimate(self, rows: Sequence[Row]) -> Estimate:
        """As it serves."""
        self.pupil.module.eval()
        size = max(1, self._training.batch // self._training.pieces)
        with torch.no_grad(), self._autocast():
            return _joined([self.pupil(rows[at : at + size], forgetting=None) for at in range(0, len(rows), size)])

    def finish(self) -> None:
        """The weights of the best epoch."""
        if self._best:
            self.pupil.module.load_state_dict(self._best)
        self.pupil.module.eval()

    def save(self, path: Path) -> None:
        """Not in the middle of a change: what was saved before is truer."""
        if not self._whole:
            return
        state = {
            "pupil": self.pupil.module.state_dict(),
            "best": self._best,
            "optimiser": self._optimiser.state_dict(),
            "history": [asdict(told) for told in self.history],
            "step": self._step,
            "sum": self._sum,
        }
        save_state(path, state)

    def resume(self, path: Path) -> None:
        state = read_state(path)
        try:
            self.pupil.module.load_state_dict(state["pupil"])
            self._optimiser.load_state_dict(state["optimiser"])
        except (RuntimeError, ValueError, KeyError) as error:
            raise BadInput(
                f"{path} holds another network ({str(error).splitlines()[0]}): begin a new folder."
            ) from None
        self._best = state["best"]
        self.history = [Epoch(**told) for told in state["history"]]
        self._step, self._sum = state["step"], state["sum"]

    def _drawn(self) -> list[Lesson | Comparison]:
        """The step's lessons: a function of the seed, the epoch and the step."""
        epoch = len(self.history)
        lessons = self._lessons.of(epoch)
        order = torch.randperm(len(lessons), generator=generator(self._seed, epoch)).tolist()
        first = self._step * self._training.batch
        return [lessons[at] for at in order[first : first + self._training.batch]]

    def _learn(self, told: Asked) -> float:
        """The loss, with its slopes left in the parameters. In pieces it is the same loss of the same batch: their
        estimates are made first, and made again with the slope that the whole batch gives them.
        """
        size = math.ceil(len(told.rows) / self._training.pieces)
        pieces = [told.rows[at : at + size] for at in range(0, len(told.rows), size)]
        if len(pieces) == 1:
            loss = self._objective(self._heard(pieces[0], 0), told.wanted)
            loss.backward()  # type: ignore[no-untyped-call]
            return float(loss.detach())
        with torch.no_grad():
            heard = _joined([self._heard(piece, number) for number, piece in enumerate(pieces)])
        held = _mapped(heard, lambda value: value.detach().requires_grad_())
        loss = self._objective(held, told.wanted)
        loss.backward()  # type: ignore[no-untyped-call]
        for number, piece in enumerate(pieces):
            _pull(self._heard(piece, number), _mapped(held, partial(_slope, first=number * size, count=len(piece))))
        return float(loss.detach())

    def _heard(self, rows: Sequence[Row], piece: int) -> Estimate:
        """With dropout that is a function of the seed, the epoch, the step and the piece."""
        where = (self._seed, len(self.history), self._step, piece)
        with _drawing(*where, module=self.pupil.module), self._autocast():
            return self.pupil(rows, forgetting=generator(*where))

    def _change(self) -> None:
        if self._training.longest_gradient is not None:
            parameters = [one for group in self._optimiser.param_groups for one in group["params"]]
            nn.utils.clip_grad_norm_(parameters, self._training.longest_gradient)
        self._optimiser.step()
        self._optimiser.zero_grad(set_to_none=True)

    def _end_epoch(self, kept_back: float) -> None:
        loss, self._step, self._sum = self._sum / self._step, 0, 0.0
        counts = len(self.history) >= self._lessons.first_epochs
        before = min((told.kept_back for told in self.history[self._lessons.first_epochs :]), default=math.inf)
        best = counts and kept_back < before
        if best:
            self._best = deepcopy(self.pupil.module.state_dict())
        self.history.append(Epoch(len(self.history) + 1, loss, kept_back, best))

    @contextmanager
    def _changing(self) -> Iterator[None]:
        self._whole = False
        yield
        self._whole = True

    def _autocast(self) -> torch.autocast:
        device = next(self.pupil.module.parameters()).device.type
        return torch.autocast(device, torch.bfloat16, enabled=self._training.precision is Precision.BF16)


def attend(
    course: Course, path: Path, *, heard: Callable[[Course], None], save_every_s: float = _SAVED_EVERY_S
) -> None:
    """To the end of the course. What ends it before, Ctrl-C too, leaves what it can go on from."""
    saved = time.monotonic()
    try:
        while not course.ended:
            course.advance()
            heard(course)
            if time.monotonic() - saved >= save_every_s:
                course.save(path)
                saved = time.monotonic()
    finally:
        course.save(path)


def generator(*seeds: int) -> torch.Generator:
    """For each list of seeds another."""
    mixed = 0
    for seed in seeds:
        mixed = (mixed * 1_000_003 + seed + 1) % (2**63)
    return torch.Generator().manual_seed(mixed)


@contextmanager
def _drawing(*seeds: int, module: nn.Module) -> Iterator[None]:
    """Dropout asks torch's own generator, which is as it was afterwards."""
    device = next(module.parameters()).device
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(generator(*seeds).initial_seed())
        yield


def _optimiser(training: Training, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
    decay = training.weight_decay
    match training.optimiser:
        case Optimiser.ADAM:
            return torch.optim.Adam(groups, lr=training.rate, weight_decay=decay)
        case Optimiser.ADAMW:
            return torch.optim.AdamW(groups, lr=training.rate, weight_decay=decay)
        case Optimiser.SGD:
            return torch.optim.SGD(groups, lr=training.rate, momentum=training.momentum, weight_decay=decay)


def _mapped(estimate: Estimate, change: Callable[[Tensor], Tensor]) -> Estimate:
    def changed(value: Tensor | None) -> Tensor | None:
        return None if value is None else change(value)

    value, spread = change(estimate.value), change(estimate.spread)
    return Estimate(value, spread, changed(estimate.logits), changed(estimate.similarity))


def _joined(pieces: Sequence[Estimate]) -> Estimate:
    def joined(values: Sequence[Tensor | None]) -> Tensor | None:
        there = [value for value in values if value is not None]
        return torch.cat(there) if there else None

    value, spread = torch.cat([one.value for one in pieces]), torch.cat([one.spread for one in pieces])
    return Estimate(value, spread, joined([one.logits for one in pieces]), joined([one.similarity for one in pieces]))


def _slope(value: Tensor, *, first: int, count: int) -> Tensor:
    slope = torch.zeros_like(value) if value.grad is None else value.grad
    return slope[first : first + count]


def _pull(heard: Estimate, slopes: Estimate) -> None:
    """As if the slopes were those of a loss of these pieces."""
    ends = [(getattr(heard, field.name), getattr(slopes, field.name)) for field in fields(Estimate)]
    there = [(end, slope) for end, slope in ends if end is not None and end.requires_grad]
    torch.autograd.backward([end for end, _ in there], [slope for _, slope in there])
