"""What confines the decoder's process, tried on the real one."""

import contextlib
import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.patience import until
from vocalverse.audio.decode import decode
from vocalverse.audio.sandbox import DecodeLimits
from vocalverse.audio.waveform import Waveform
from vocalverse.errors import DecoderLimit, Undecodable, VocalVerseError

RATE_HZ = 44_100
HOURS_AT_HZ = 4_000


@pytest.fixture(scope="module")
def six_hours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bomb") / "silence.flac"
    minute = np.zeros(HOURS_AT_HZ * 60, np.int16)
    with soundfile.SoundFile(path, "w", HOURS_AT_HZ, 1, format="FLAC", subtype="PCM_16") as file:
        for _ in range(6 * 60):
            file.write(minute)
    return path


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("second") / "noise.wav"
    soundfile.write(path, np.random.default_rng(5).uniform(-0.5, 0.5, (RATE_HZ, 2)), RATE_HZ)
    return path


def heard(path: Path, limits: DecodeLimits | None = None) -> Waveform:
    with path.open("rb") as file:
        return decode(file, limits=limits or DecodeLimits())


def children() -> set[int]:
    found: set[int] = set()
    for task in Path(f"/proc/{os.getpid()}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a thread may end between look and read
            found.update(map(int, (task / "children").read_text().split()))
    return found


DECODE_AND_SAY_WHAT_IT_COST = """
import resource, sys
from vocalverse.audio.decode import decode
with open(sys.argv[1], "rb") as file:
    decode(file)
cost = resource.getrusage(resource.RUSAGE_CHILDREN)
print(cost.ru_utime + cost.ru_stime, cost.ru_maxrss)
"""


def test_six_hours_of_silence_stop_in_time_and_memory(six_hours: Path):
    """In a process of its own: the largest child of this one may be that of another test."""
    said = subprocess.run(
        [sys.executable, "-c", DECODE_AND_SAY_WHAT_IT_COST, str(six_hours)], check=True, capture_output=True, text=True
    )
    cpu_s, kib = map(float, said.stdout.split())
    assert cpu_s < 5
    assert kib < 500 * 2**10


def test_six_hours_of_silence_stop_at_the_cap(six_hours: Path):
    waveform = heard(six_hours)
    assert waveform.source.longer
    assert waveform.source.declared_s == 6 * 3600
    assert waveform.duration_s == 900
    assert waveform.samples.base is not None
    assert waveform.samples.base.nbytes <= 900 * RATE_HZ * 8


def test_a_decoder_that_gives_nothing_in_time_is_stopped(second: Path):
    with pytest.raises(DecoderLimit):
        heard(second, DecodeLimits(silent_s=0.001))


def test_a_decoder_past_its_seconds_of_cpu_is_stopped(six_hours: Path):
    with six_hours.open("rb") as file, pytest.raises(DecoderLimit):
        decode(file, limits=DecodeLimits(max_s=3 * 3600, cpu_s=1))


def test_too_little_memory_to_start_is_our_fault_and_not_the_files(second: Path):
    with pytest.raises(VocalVerseError) as failed:
        heard(second, DecodeLimits(memory_bytes=64 * 2**20))
    assert not isinstance(failed.value, Undecodable)


def test_what_progress_raises_passes_through_and_ends_the_child(six_hours: Path):
    before, during = children(), set()

    def stop(stage: str, fraction: float) -> None:
        during.update(children() - before)
        raise InterruptedError

    with six_hours.open("rb") as file, pytest.raises(InterruptedError):
        decode(file, progress=stop)
    assert during
    assert not during & children()


def test_the_child_works_from_any_folder_and_environment(second: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "numpy.py").write_text("raise SystemExit('a recording folder is no place to import from')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONSTARTUP", str(tmp_path / "numpy.py"))
    assert heard(second).samples.size


HOLDING_PARENT = """
import sys, time
sys.path[:] = {path!r}
from vocalverse.audio.decode import decode

def hold(stage, fraction):
    print("holding", flush=True)
    time.sleep(60)

decode(open(sys.argv[1], "rb"), progress=hold)
"""


def test_the_child_dies_with_its_parent(six_hours: Path):
    code = HOLDING_PARENT.format(path=sys.path)
    with subprocess.Popen([sys.executable, "-c", code, str(six_hours)], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"holding\n"
        orphans = Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()
        parent.send_signal(signal.SIGKILL)
    assert orphans
    until(lambda: not any(alive(int(pid)) for pid in orphans), "the orphans have ended")


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


TRESPASSES = """
import os, socket, sys
sys.path[:] = {path!r}
from vocalverse.audio import confine, wire
from vocalverse.audio.formats import Container

def tried(trespass):
    try:
        trespass()
        print("done")
    except OSError as error:
        print(error.errno)

confine.give_up_rights(wire.Job([], Container.WAV, None, os.getppid(), 1, 2**30, 10))
with open(sys.argv[1], "wb", buffering=0) as file:
    tried(lambda: file.write(b"x"))
confine.close_doors()
tried(lambda: open("/etc/passwd"))
tried(socket.socket)
"""


def test_a_confined_process_can_neither_write_a_file_nor_open_a_file_or_a_socket(tmp_path: Path):
    command = [sys.executable, "-c", TRESPASSES.format(path=sys.path), str(tmp_path / "written")]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert said == [str(errno.EFBIG), str(errno.EMFILE), str(errno.EMFILE)]
