"""The way of one recording to the server. It may break off anywhere and be walked again from the start."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from vocalverse.agent.answers import Upload
from vocalverse.agent.client import Server
from vocalverse.agent.faults import Away, FileChanged, PartsMissing, Refused
from vocalverse.agent.files import Identity, Slice
from vocalverse.agent.items import Item, ItemState, new_upload_id
from vocalverse.agent.journal import Journal
from vocalverse.agent.sidecar import NOTHING_SAID, backing_beside, read_sidecar, sidecar_of
from vocalverse.errors import Unavailable

LONGEST_HEADER = 4096  # bytes of metadata that a header may carry; more goes the way of parts
TRIES_ON_DAMAGE = 3  # of a part whose digest did not match at the other end
ROUNDS_OF_PARTS = 3  # until the server agrees that none is missing

_T = TypeVar("_T")


@dataclass(frozen=True)
class Uploader:
    """`step_aside` is called between parts and may raise to let another recording go first."""

    folder: Path
    defaults: Mapping[str, Any]  # machine and room, for recordings that name none
    single_bytes: int
    server: Server
    journal: Journal
    step_aside: Callable[[Item], None]

    def upload(self, item: Item) -> Item:
        """Read it, fix in the journal what will be said, send it, and note that the server has it."""
        item = self._prepare(item)
        if item.recording_id:
            return item
        recording_id = self._send(item)
        return self.journal.acknowledge(item, recording_id)

    # --- before the first request ---

    def _prepare(self, item: Item) -> Item:
        if item.state is ItemState.UPLOADING:
            return item
        digest = Slice.whole(self._path(item), item.identity).sha256(self.server.bandwidth.breathe).hex()
        if twin := self.journal.twin(item, digest):
            return self.journal.adopt(twin, item)
        if item.sha256 == digest and item.recording is not None:
            return self._begin(item, item.upload_id, digest, item.recording, item.backing)
        sidecar_path = sidecar_of(self._path(item))
        sidecar = read_sidecar(sidecar_path) if sidecar_path else NOTHING_SAID
        backing_beside(self._path(item), sidecar)
        recording = json.dumps({**self.defaults, **sidecar.metadata}, sort_keys=True)
        return self._begin(item, self._upload_id(item), digest, recording, sidecar.backing)

    def _begin(self, item: Item, upload_id: str, digest: str, recording: str, backing: str | None) -> Item:
        return self.journal.begin(item, upload_id=upload_id, sha256=digest, recording=recording, backing=backing)

    def _upload_id(self, item: Item) -> str:
        """The one it has, unless another content was begun under it: then a new one, and the old is given up."""
        if item.sha256 is None:
            return item.upload_id
        with suppress(Unavailable, Refused):  # the server sweeps it away by itself
            self.server.abandon(item.upload_id)
        return new_upload_id()

    # --- the requests ---

    def _send(self, item: Item) -> UUID:
        if self._fits_one_request(item):
            try:
                content = Slice.whole(self._path(item), item.identity)
                return _through_damage(lambda: self.server.put_content(item, content))
            except Refused as refusal:
                if refusal.status != 413:
                    raise
        return self._send_in_parts(item)

    def _fits_one_request(self, item: Item) -> bool:
        return item.size <= self.single_bytes and item.backing is None and len(item.recording or "") <= LONGEST_HEADER

    def _send_in_parts(self, item: Item) -> UUID:
        upload = self.server.open_upload(item)
        if upload.recording_id:
            return upload.recording_id
        self._send_backing(item, upload)
        missing = upload.missing(item.size)
        for _ in range(ROUNDS_OF_PARTS):
            for number in missing:
                self.step_aside(item)
                self._send_part(item, upload, number)
            self._must_be_unchanged(item)
            try:
                return self.server.complete(item)
            except PartsMissing as answer:
                missing = answer.missing
        raise Away(f"The server keeps missing parts of {item.name}.", everywhere=False)

    def _send_backing(self, item: Item, upload: Upload) -> None:
        if item.backing is None or (item.backing_sent and upload.parts):
            return
        path = self.folder / item.backing
        _through_damage(lambda: self.server.put_backing(item, Slice.whole(path, Identity.of(path))))
        self.journal.backing_sent(item)

    def _send_part(self, item: Item, upload: Upload, number: int) -> None:
        start = (number - 1) * upload.part_bytes
        length = min(upload.part_bytes, item.size - start)
        if number < 1 or length < 1:
            raise Away(f"The server misses part {number} of {item.name}, which there is not.", everywhere=False)
        part = Slice(self._path(item), item.identity, start, length)
        _through_damage(lambda: self.server.put_part(item, number, part))

    def _must_be_unchanged(self, item: Item) -> None:
        if Identity.of(self._path(item)) != item.identity:
            raise FileChanged(f"{item.name} changed while it was uploaded: it is looked at again when it rests.")

    def _path(self, item: Item) -> Path:
        return self.folder / item.name


def _through_damage(send: Callable[[], _T]) -> _T:
    """What was damaged on the line is sent again; what is refused for anything else is refused."""
    for _ in range(TRIES_ON_DAMAGE - 1):
        try:
            return send()
        except Refused as refusal:
            if refusal.reason != "digest_mismatch":
                raise
    return send()
