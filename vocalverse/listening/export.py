"""What listeners said, as a manifest to train on: of every triple three pairs, the better and the worse."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from uuid import UUID

from vocalverse.errors import BadInput
from vocalverse.listening.report import attention
from vocalverse.listening.sound import opened
from vocalverse.store.blobs import BlobStore
from vocalverse.store.listeners import Heard
from vocalverse.store.listening import Answer
from vocalverse.training.manifest import Clip, Manifest, Pair

LICENCE = "singer's consent"  # of recordings: to be kept, shared and learnt from


def exported(answers: Sequence[Answer], takes: Mapping[UUID, Heard], blobs: BlobStore, folder: Path) -> Manifest:
    """By those who paid attention. The sound of recordings is copied into `folder`; clips of manifests stay where they
    are.
    """
    left_out = {one.listener for one in attention(answers) if one.failed}
    counted = [
        one
        for one in answers
        if not one.attention and one.listener not in left_out and all(take in takes for take in one.takes)
    ]
    if not counted:
        raise BadInput("Nobody who paid attention has put a triple in order yet: there is nothing to learn from.")
    heard = {_id(takes[take]): takes[take] for answer in counted for take in answer.takes}
    clips = tuple(_clip(one, blobs, folder) for one in heard.values())
    return Manifest(clips, tuple(pair for answer in counted for pair in _pairs(answer, takes)))


def _pairs(answer: Answer, takes: Mapping[UUID, Heard]) -> Iterator[Pair]:
    for better, worse in combinations(answer.takes, 2):
        yield Pair(_id(takes[better]), _id(takes[worse]), answer.dimension, answer.listener)


def _id(take: Heard) -> str:
    return str(take.recording_id or take.clip["id"])


def _clip(take: Heard, blobs: BlobStore, folder: Path) -> Clip:
    if not take.recording_id:
        return Clip(**{**take.clip, "audio": Path(take.clip["audio"])})
    audio = folder / str(take.recording_id)
    folder.mkdir(parents=True, exist_ok=True)
    with opened(take, blobs) as source, audio.open("wb") as target:
        shutil.copyfileobj(source, target)
    singer = f"{take.venue_id}/{take.singer or take.recording_id}"
    return Clip(_id(take), audio, singer, take.song or f"song of {take.recording_id}", LICENCE)
