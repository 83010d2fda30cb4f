"""A release that evaluate listens with says what a worker would say of the same take."""

from pathlib import Path
from uuid import UUID

import pytest

from vocalverse.assess.recording import Take, open_assessor
from vocalverse.assess.workshop import Workshop
from vocalverse.evaluation.court import Court
from vocalverse.models.cache.cache import EncoderCache
from vocalverse.records import OVERALL, no_progress
from vocalverse.release.judge import Judge
from vocalverse.release.shelf import BUNDLED
from vocalverse.samples.make import TAKES
from vocalverse.training.listen import Listener
from vocalverse.training.manifest import Clip
from vocalverse.training.recipe import Hearing


@pytest.mark.parametrize("take", TAKES, ids=[take.stem for take in TAKES])
def test_evaluate_tells_the_scores_and_the_overall_mark_that_workers_tell(tmp_path: Path, take: Path) -> None:
    judge = Judge.open(BUNDLED / "lite", models=tmp_path, threads=1)
    court = Court(judge, Listener.open(Hearing(), None), EncoderCache(tmp_path / "cache"))
    clip = Clip(id=take.stem, audio=take, singer=take.stem, song=take.stem, licence="CC BY 4.0")
    told = court.judged(clip)
    assessor = open_assessor(Workshop(threads=1, folder=tmp_path, releases=tmp_path / "none", models=tmp_path))
    with take.open("rb") as audio:
        done = assessor(Take(UUID(int=1), audio, release="lite", alone=True), no_progress)
    assert done.overall is not None
    worker = {score.dimension: score.value for score in (*done.scores, done.overall)}
    assert told.keys() == {*worker, OVERALL}
    assert {name: one.value for name, one in told.items()} == pytest.approx(worker, abs=0.02)
    assert court.judged(clip) == told  # from what was kept
