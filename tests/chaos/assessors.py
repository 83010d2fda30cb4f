"""The real assessor, except for songs whose name says how it misbehaves.

poison       the process ends at once (until the sign `cured` is there)
hang         stuck in C code that never gives the interpreter back
slow-3       takes three seconds more, and says that it gets on
hold-NAME    judged, then getting on until the sign NAME is there, then done without another word
"""

import ctypes
import os
import resource
import time
from pathlib import Path

import vocalverse.assess
from vocalverse.assess import AssessOptions, Assessor, Take, Workshop
from vocalverse.records import Assessment, Progress
from vocalverse.settings import data_folder

_LOOK_EVERY_S = 0.05


def open_assessor(workshop: Workshop) -> Assessor:
    # What is broken here is the spine. Without the ear a recording takes a tenth of the time, and ten times as many pass.
    judge = vocalverse.assess.open_assessor(workshop, AssessOptions(ear=None))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def judge_or_misbehave(take: Take, progress: Progress) -> Assessment:
        how, _, what = (take.song or "").partition("-")
        match how:
            case "poison" if not sign(data_folder(), "cured").exists():
                os.abort()
            case "hang":
                ctypes.PyDLL(None).sleep(1000)
            case "slow":
                _dawdle(float(what), progress)
        assessment = judge(take, progress)
        if how == "hold":
            _hold(what, progress)
        return assessment

    return judge_or_misbehave


def sign(folder: Path, name: str) -> Path:
    """The file by which a test tells an assessor to go on."""
    return folder / "signs" / name


def _dawdle(seconds: float, progress: Progress) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        progress("dawdling", 0.0)
        time.sleep(_LOOK_EVERY_S)


def _hold(name: str, progress: Progress) -> None:
    while not sign(data_folder(), name).exists():
        progress("holding", 0.5)
        time.sleep(_LOOK_EVERY_S)
