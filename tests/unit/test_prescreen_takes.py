"""What was measured of many takes is kept, whole after each of them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from vocalverse.cli import prescreen_takes
from vocalverse.cli.listener import Wanted
from vocalverse.cli.prescreen_takes import Known, Measuring, Sought, known_of
from vocalverse.errors import BadInput, Undecodable, VocalVerseError
from vocalverse.prescreen.same_sound import Signature
from vocalverse.records import Finding, Reason


class Measurer:
    """In place of the ear: remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, takes: Sequence[Sought], measuring: Measuring) -> Iterator[Known | VocalVerseError]:
        for take in takes:
            self.asked.append(take.audio.name)
            if take.audio.name == "broken.wav":
                yield Undecodable("broken.wav")
            else:
                yield Known(
                    {"pitch.value": 1 / 3},
                    Signature(3.0, np.arange(128, dtype=np.int16)),
                    (Finding(Reason.CLIPPED, {"clipped_share": 0.25}),),
                )


@pytest.fixture
def measurer(monkeypatch: pytest.MonkeyPatch) -> Measurer:
    measurer = Measurer()
    monkeypatch.setattr(prescreen_takes, "_measured", measurer)
    return measurer


@pytest.fixture
def takes(tmp_path: Path) -> list[Sought]:
    paths = [tmp_path / f"{name}.wav" for name in ("one", "broken", "two")]
    for path in paths:
        path.write_bytes(b"sound")
    return [Sought(path) for path in paths]


def test_nothing_is_measured_twice_but_what_could_not_be(measurer: Measurer, takes: list[Sought], tmp_path: Path):
    measuring = Measuring(Wanted(alone=True), tmp_path / "kept")
    first = list(known_of(takes, measuring))
    again = list(known_of(takes, measuring))
    assert measurer.asked == ["one.wav", "broken.wav", "two.wav", "broken.wav"]
    assert isinstance(again[1], Undecodable)
    before, after = first[0], again[0]
    assert isinstance(before, Known)
    assert isinstance(after, Known)
    assert after.evidence == pytest.approx(before.evidence)
    assert tuple(after.against) == tuple(before.against)
    assert before.signature is not None
    assert after.signature is not None
    np.testing.assert_array_equal(after.signature.cents, before.signature.cents)


def test_what_is_stopped_goes_on_where_it_was(measurer: Measurer, takes: list[Sought], tmp_path: Path):
    measuring = Measuring(Wanted(alone=True), tmp_path / "kept")
    stopped = known_of(takes, measuring)
    next(stopped)
    stopped.close()  # type: ignore[attr-defined]
    measurer.asked.clear()
    assert len(list(known_of(takes, measuring))) == 3
    assert measurer.asked == ["broken.wav", "two.wav"]


def test_another_file_another_chart_or_another_way_is_measured_anew(
    measurer: Measurer, takes: list[Sought], tmp_path: Path
):
    one, kept = takes[0], tmp_path / "kept"
    chart = tmp_path / "song.txt"
    for words in ("la", "li"):
        chart.write_text(words)
        list(known_of([Sought(one.audio, chart)], Measuring(Wanted(alone=True), kept)))
    list(known_of([one], Measuring(Wanted(alone=True), kept)))
    list(known_of([one], Measuring(Wanted(alone=False), kept)))
    one.audio.write_bytes(b"another sound")
    list(known_of([one], Measuring(Wanted(alone=True), kept)))
    assert measurer.asked == ["one.wav"] * 5


def test_a_broken_cache_says_what_to_do(takes: list[Sought], tmp_path: Path):
    (tmp_path / "takes.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(BadInput, match="Delete it"):
        list(known_of(takes, Measuring(Wanted(), tmp_path)))
