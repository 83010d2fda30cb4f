"""How a member learns: in pieces as in one, to the same bits after it was stopped, and no longer than it helps."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.course_child import course, lessons
from vocalverse.errors import BackendFailed, BadInput, ModelBroken
from vocalverse.models.heads.config import HeadKind
from vocalverse.separate.precision import Precision
from vocalverse.training.course import Course, Lessons, attend
from vocalverse.training.lessons import Comparison
from vocalverse.training.recipe import Loss, Optimiser, Training

QUICK = Training(rate=3e-3, epochs=4, batch=6)


def nobody(_course: Course) -> None:
    return


def weights(of: Course) -> torch.Tensor:
    return torch.cat([value.flatten() for value in of.pupil.module.state_dict().values()])


def steps(of: Course, count: int) -> Course:
    for _ in range(count):
        of.advance()
    return of


@pytest.mark.parametrize(
    "losses",
    [[Loss("utmos")], [Loss("ccc")], [Loss("dcq"), Loss("listwise", weight=0.1)], [Loss("l1"), Loss("qamro")]],
    ids=lambda losses: "+".join(one.name for one in losses),
)
@pytest.mark.parametrize("pieces", [2, 4, 6])
def test_a_batch_in_pieces_is_the_same_step_whatever_the_loss(losses: list[Loss], pieces: int) -> None:
    """Also for losses that look at a batch as a whole, which sums of pieces' losses would not be."""
    whole = steps(course(QUICK, losses=losses, dropout=0.0), 3)
    parts = steps(course(replace(QUICK, pieces=pieces), losses=losses, dropout=0.0), 3)
    assert weights(parts) == pytest.approx(weights(whole), abs=2e-6)
    assert weights(whole) != pytest.approx(weights(course(QUICK, losses=losses, dropout=0.0)), abs=1e-4)


def test_ctrl_c_saves_and_what_follows_is_as_if_nothing_had_been(tmp_path: Path) -> None:
    whole = course(QUICK)
    attend(whole, tmp_path / "whole.pt", heard=nobody)
    calls = 0

    def stop(_course: Course) -> None:
        nonlocal calls
        calls += 1
        if calls == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        attend(course(QUICK), tmp_path / "state.pt", heard=stop)
    resumed = course(QUICK)
    resumed.resume(tmp_path / "state.pt")
    attend(resumed, tmp_path / "state.pt", heard=nobody)
    assert torch.equal(weights(resumed), weights(whole))
    assert resumed.history == whole.history


def test_it_stops_when_nothing_helps_any_more_and_keeps_the_best_epoch() -> None:
    learning = course(Training(rate=0.05, epochs=200, batch=6, patience=4), dropout=0.0)
    while not learning.ended:
        learning.advance()
    best = min(learning.history, key=lambda told: told.kept_back)
    assert len(learning.history) == best.epoch + 5 < 200
    learning.finish()
    assert learning.judged(lessons(100, 8)) == pytest.approx(best.kept_back)


def test_the_first_epochs_are_of_one_domain_alone_and_are_not_the_best_ones() -> None:
    taught = Lessons(lessons(0, 24), lessons(100, 8), first=lessons(0, 6), first_epochs=3)
    learning = course(replace(QUICK, epochs=5), taught=taught)
    found = []
    while not learning.ended:
        found.append(learning.steps)
        learning.advance()
    assert found == [1, 1, 1, *[4] * 8]
    assert [told.best for told in learning.history[:3]] == [False] * 3
    assert learning.history[3].best


@pytest.mark.parametrize("optimiser", list(Optimiser))
def test_what_is_kept_back_is_told_better_after_learning(optimiser: Optimiser) -> None:
    rate = 0.3 if optimiser is Optimiser.SGD else 0.02
    learning = course(
        Training(optimiser=optimiser, rate=rate, epochs=40, batch=6, patience=40, longest_gradient=1.0),
        losses=[Loss("squared")],
        dropout=0.0,
        kind=HeadKind.MLP,
    )
    before = learning.judged(lessons(100, 8))
    while not learning.ended:
        learning.advance()
    assert min(told.kept_back for told in learning.history) < before - 0.2


def test_comparisons_alone_teach_an_order() -> None:
    scored = lessons(0, 16)
    pairs = [
        Comparison(one.row.clip, other.row.clip, at)
        for at in range(2)
        for one in scored
        for other in scored
        if one.scores[at] > other.scores[at] + 0.2
    ]
    taught = Lessons(tuple(pairs[::2]), tuple(pairs[1::2]))
    learning = course(replace(QUICK, rate=0.02, epochs=12, batch=16), losses=[Loss("preference")], taught=taught)
    before = learning.judged(pairs[1::2])
    while not learning.ended:
        learning.advance()
    assert min(told.kept_back for told in learning.history) < 0.7 * before


def test_half_precision_learns_what_single_precision_learns() -> None:
    exact = steps(course(QUICK, dropout=0.0), 12)
    coarse = steps(course(replace(QUICK, precision=Precision.BF16), dropout=0.0), 12)
    assert [told.kept_back for told in coarse.history] == pytest.approx(
        [told.kept_back for told in exact.history], rel=0.05
    )
    assert not torch.equal(weights(coarse), weights(exact))


def test_a_loss_that_is_no_number_ends_the_course() -> None:
    learning = course(QUICK)
    with torch.no_grad():
        next(learning.pupil.module.parameters())[:] = float("nan")
    with pytest.raises(BackendFailed, match=r"training\.rate"):
        learning.advance()


def test_the_state_of_another_network_or_half_of_one_is_refused(tmp_path: Path) -> None:
    course(QUICK, kind=HeadKind.MLP).save(tmp_path / "state.pt")
    with pytest.raises(BadInput, match="another network"):
        course(QUICK).resume(tmp_path / "state.pt")
    whole = (tmp_path / "state.pt").read_bytes()
    (tmp_path / "state.pt").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelBroken, match="cut short"):
        course(QUICK, kind=HeadKind.MLP).resume(tmp_path / "state.pt")
