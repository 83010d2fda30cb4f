"""Fetching models from a real server that cuts, lies and redirects."""

import errno
import hashlib
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import torch

from vocalverse.errors import (
    DigestMismatch,
    DiskFull,
    ModelBroken,
    ModelRefused,
    NotFound,
    Unavailable,
    VocalVerseError,
)
from vocalverse.models.catalogue import Commercial, Entry
from vocalverse.models.digest import Pin, pin
from vocalverse.models.download import Patience, Wanted, download, leads_to
from vocalverse.models.fetch import fetch
from vocalverse.models.shelf import Shelf, Verdict
from vocalverse.separate.networks import build
from vocalverse.separate.networks.configs import read_yaml, to_config
from vocalverse.separate.purpose import Purpose
from vocalverse.separate.weights import load

HASTY = Patience(waits_s=(0.01, 0.01))
YAML = """
audio: {chunk_size: 13230, sample_rate: 44100}
model: {dim: 16, depth: 1, stereo: true, num_stems: 1, time_transformer_depth: 1, freq_transformer_depth: 1,
  num_bands: 20, dim_head: 8, heads: 2, stft_n_fft: 512, stft_win_length: 512, stft_hop_length: 256,
  mask_estimator_depth: 1}
training: {instruments: [vocals, other], target_instrument: vocals}
"""


@dataclass
class Behaviour:
    files: dict[str, bytes] = field(default_factory=dict)
    etag: str | None = '"one"'
    ranges: bool = True
    cut_after: int | None = None  # bytes of a body, then the connection breaks
    cuts_left: int = 10**9
    claims: int | None = None  # as Content-Length instead of the truth
    endless: bool = False
    redirect: str | None = None
    elsewhere: str | None = None  # where the files really lie, as with releases on the web
    page: bool = False  # a login in place of everything
    kind: str | None = "application/octet-stream"
    length: bool = True
    status: int | None = None
    asked: list[str | None] = field(default_factory=list)  # the Range of every request


@pytest.fixture
def web() -> Iterator[tuple[Behaviour, str]]:
    behaviour = Behaviour()
    with serving(behaviour) as url:
        yield behaviour, url


@pytest.fixture
def releases(web: tuple[Behaviour, str]) -> Iterator[tuple[Behaviour, Behaviour, str]]:
    """A page of releases that sends whoever asks to another host, with a signature."""
    storage, behind = web
    page = Behaviour(elsewhere=behind)
    with serving(page) as url:
        yield page, storage, url


@contextmanager
def serving(behaviour: Behaviour) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None: ...

        def do_GET(self) -> None:
            serve(self, behaviour)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def serve(request: BaseHTTPRequestHandler, behaviour: Behaviour) -> None:
    asked = request.headers.get("Range")
    behaviour.asked.append(asked)
    name = request.path.partition("?")[0].rpartition("/")[2]
    body = LOGIN if behaviour.page else behaviour.files.get(name)
    if behaviour.elsewhere:
        request.send_response(302)
        request.send_header("Location", f"{behaviour.elsewhere}/{name}?signature=abc")
        request.send_header("Content-Length", "0")
        request.end_headers()
        return
    if behaviour.redirect or behaviour.status or body is None:
        request.send_response(302 if behaviour.redirect else behaviour.status or 404)
        request.send_header("Location", behaviour.redirect or "")
        request.send_header("Content-Length", "0")
        request.end_headers()
        return
    same = request.headers.get("If-Range") in (None, behaviour.etag)
    start = int(re.findall(r"\d+", asked)[0]) if asked and behaviour.ranges and same else 0
    request.send_response(206 if start else 200)
    if start:
        request.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
    if behaviour.kind:
        request.send_header("Content-Type", behaviour.kind)
    if behaviour.etag:
        request.send_header("ETag", behaviour.etag)
    if behaviour.length and not behaviour.endless:
        request.send_header("Content-Length", str(behaviour.claims or len(body) - start))
    request.end_headers()
    try:
        if behaviour.endless:
            while True:
                request.wfile.write(bytes(2**16))
        cut = behaviour.cut_after if behaviour.cuts_left > 0 else None
        behaviour.cuts_left -= cut is not None
        request.wfile.write(body[start:][:cut])
    except (BrokenPipeError, ConnectionResetError):
        pass


LOGIN = b"\n<!DOCTYPE html><html><body>Welcome to the venue's network. Please log in.</body></html>"
BODY = bytes(range(256)) * 4000
WANTED = Wanted(len(BODY), len(BODY), pin(hashlib.sha256(BODY).hexdigest()))


def test_a_file_comes_whole_and_says_how_far_it_is(web: tuple[Behaviour, str], tmp_path: Path):
    behaviour, url = web
    behaviour.files["m.ckpt"] = BODY
    said: list[float] = []
    download(f"{url}/m.ckpt", tmp_path / "m.ckpt", WANTED, progress=lambda stage, share: said.append(share))
    assert (tmp_path / "m.ckpt").read_bytes() == BODY
    assert said == sorted(said)
    assert said[-1] == 1.0
    assert [path.name for path in tmp_path.iterdir()] == ["m.ckpt"]


def test_what_breaks_off_is_taken_up_where_it_broke(web: tuple[Behaviour, str], tmp_path: Path):
    behaviour, url = web
    behaviour.files["m.ckpt"] = BODY
    behaviour.cut_after, behaviour.cuts_left = 300_000, 2
    download(f"{url}/m.ckpt", tmp_path / "m.ckpt", WANTED, patience=HASTY)
    assert (tmp_path / "m.ckpt").read_bytes() == BODY
    assert behaviour.asked == [None, "bytes=300000-", "bytes=600000-"]


def test_a_later_call_goes_on_too(web: tuple[Behaviour, str], tmp_path: Path):
    behaviour, url = web
    behaviour.files["m.ckpt"] = BODY
    behaviour.cut_after = 200_000
    with pytest.raises(Unavailable, match="goes on from there"):
        download(f"{url}/m.ckpt", tmp_path / "m.ckpt", WANTED, patience=HASTY)
    assert not (tmp_path / "m.ckpt").exists()
    assert (tmp_path / "m.ckpt.part").stat().st_size == 600_000
    behaviour.cut_after = None
    download(f"{url}/m.ckpt", tmp_path / "m.ckpt", WANTED, patience=HASTY)
    assert behaviour.asked[-1] == "bytes=600000-"
    assert (tmp_path / "m.ckpt").read_bytes() == BODY


@pytest.mark.parametrize("change", [{"ranges": False}, {"etag": '"two"'}])
def test_it_begins_anew_where_the_server_cannot_go_on(
    web: tuple[Behaviour, str], tmp_path: Path, change: dict[str, Any]
):
    """One that knows no ranges, or holds another file by now."""
    behaviour, url = web
    behaviour.files["m.ckpt"] = BODY[::-1]
    behaviour.cut_after = 200_000
    with pytest.raises(Unavailable):
        download(f"{url}/m.ckpt", tmp_path / "m.ckpt", WANTED, patience=Patience(()))
    behaviour.cut_after, behaviour.files["m.ckpt"] = None, BODY
    for name, value in change.items():
        setattr(behaviour, name, value)
    download(f"{url}/m.ckpt", tmp_path / "m.ckpt", WANTED, patience=HASTY)
    assert (tmp_path / "m.ckpt").read_bytes() == BODY


def test_another_file_is_thrown_away_and_the_next_try_succeeds(web: tuple[Behaviour, str], tmp_path: Path):
    behaviour, url = web
    behaviour.files["m.ckpt"] = BODY[::-1]
    with pytest.raises(DigestMismatch, match="thrown away"):
        download(f"{url}/m.ckpt", tmp_path / "m.ckpt", WANTED)
    assert not list(tmp_path.glob("m.ckpt*.part"))
    behaviour.files["m.ckpt"] = BODY
    download(f"{url}/m.ckpt", tmp_path / "m.ckpt", WANTED)


@pytest.mark.parametrize(
    ("lie", "error"),
    [
        ({"claims": 10**12}, ModelBroken),
        ({"endless": True}, ModelBroken),
        ({"files": {"m.ckpt": BODY + b"x"}}, ModelBroken),
        ({"files": {"m.ckpt": BODY[:-1]}}, ModelBroken),
        ({"status": 404}, NotFound),
        ({"status": 403}, NotFound),
        ({"status": 503}, Unavailable),
        ({"redirect": "ftp://example.invalid/m.ckpt"}, VocalVerseError),
        ({"redirect": "/m.ckpt"}, Unavailable),  # to itself, without end
        ({"page": True, "kind": "text/html; charset=utf-8"}, VocalVerseError),
        ({"redirect": "file:///etc/passwd"}, VocalVerseError),
    ],
)
def test_a_server_that_lies_or_refuses_is_found_out(
    web: tuple[Behaviour, str], tmp_path: Path, lie: dict[str, Any], error: type[VocalVerseError]
):
    behaviour, url = web
    behaviour.files["m.ckpt"] = BODY
    for name, value in lie.items():
        setattr(behaviour, name, value)
    with pytest.raises(error):
        download(f"{url}/m.ckpt", tmp_path / "m.ckpt", WANTED, patience=HASTY)
    assert not (tmp_path / "m.ckpt").exists()
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= len(BODY)


def test_a_release_is_fetched_from_where_its_page_leads_and_taken_up_there(
    releases: tuple[Behaviour, Behaviour, str], tmp_path: Path
):
    page, storage, url = releases
    storage.files["m.ckpt"] = BODY
    storage.cut_after, storage.cuts_left = 300_000, 2
    download(f"{url}/download/m.ckpt", tmp_path / "m.ckpt", WANTED, patience=HASTY)
    assert (tmp_path / "m.ckpt").read_bytes() == BODY
    assert storage.asked == [None, "bytes=300000-", "bytes=600000-"]
    assert len(page.asked) == 3  # a signature lasts for minutes: each time a new one


def test_without_ranges_a_release_that_broke_off_is_begun_anew(
    releases: tuple[Behaviour, Behaviour, str], tmp_path: Path
):
    _, storage, url = releases
    storage.files["m.ckpt"], storage.ranges = BODY, False
    storage.cut_after, storage.cuts_left = 300_000, 1
    download(f"{url}/m.ckpt", tmp_path / "m.ckpt", WANTED, patience=HASTY)
    assert (tmp_path / "m.ckpt").read_bytes() == BODY
    assert storage.asked == [None, "bytes=300000-"]


def test_an_answer_that_says_no_length_and_ends_early_broke_off(
    releases: tuple[Behaviour, Behaviour, str], tmp_path: Path
):
    _, storage, url = releases
    storage.files["m.ckpt"], storage.length = BODY, False
    storage.cut_after, storage.cuts_left = 300_000, 1
    download(f"{url}/m.ckpt", tmp_path / "m.ckpt", WANTED, patience=HASTY)
    assert storage.asked == [None, "bytes=300000-"]
    assert (tmp_path / "m.ckpt").read_bytes() == BODY


def test_out_of_encryption_no_redirect_leads():
    secret, plain = httpx.URL("https://a.example/m.ckpt"), httpx.URL("http://b.example/m.ckpt")
    with pytest.raises(ModelRefused, match="not encrypted"):
        leads_to(secret, plain)
    assert leads_to(plain, secret) == leads_to(secret, secret) == secret
    assert leads_to(plain, plain) == plain
    with pytest.raises(ModelRefused):
        leads_to(plain, httpx.URL("file:///etc/passwd"))


@pytest.mark.parametrize("kind", ["text/html", None])
def test_a_page_in_place_of_a_file_is_said_to_be_one(web: tuple[Behaviour, str], tmp_path: Path, kind: str | None):
    behaviour, url = web
    behaviour.page, behaviour.kind, behaviour.length = True, kind, False
    with pytest.raises(Unavailable, match=r"web page .* log"):
        download(f"{url}/m.ckpt", tmp_path / "m.ckpt", WANTED, patience=HASTY)
    assert len(behaviour.asked) == 1
    behaviour.page, behaviour.kind, behaviour.files["m.ckpt"] = False, None, BODY
    download(f"{url}/m.ckpt", tmp_path / "m.ckpt", WANTED, patience=HASTY)
    assert (tmp_path / "m.ckpt").read_bytes() == BODY


def test_a_server_in_trouble_says_its_status_and_what_is_kept(web: tuple[Behaviour, str], tmp_path: Path):
    behaviour, url = web
    behaviour.status = 500
    with pytest.raises(Unavailable, match=r"status 500.*Try again later"):
        download(f"{url}/m.ckpt", tmp_path / "m.ckpt", WANTED, patience=HASTY)
    assert len(behaviour.asked) == 3


def test_no_network_is_one_sentence(tmp_path: Path):
    with pytest.raises(Unavailable, match="--from"):
        download("http://127.0.0.1:9/m.ckpt", tmp_path / "m.ckpt", WANTED, patience=HASTY)


def test_a_full_disk_is_one_sentence(web: tuple[Behaviour, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    behaviour, url = web
    behaviour.files["m.ckpt"] = BODY
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(DiskFull, match="1000 bytes free"):
        download(f"{url}/m.ckpt", tmp_path / "m.ckpt", WANTED)
    monkeypatch.undo()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("vocalverse.models.download.os.fsync", full)
    with pytest.raises(DiskFull, match="Make room"):
        download(f"{url}/m.ckpt", tmp_path / "m.ckpt", WANTED)


def test_without_encryption_the_whole_hash_must_be_known(web: tuple[Behaviour, str], tmp_path: Path):
    behaviour, url = web
    behaviour.files["m.ckpt"] = BODY
    with pytest.raises(ModelRefused, match="not encrypted"):
        download(f"{url}/m.ckpt", tmp_path / "m.ckpt", replace(WANTED, pin=Pin(WANTED.pin.begins[:12])))
    assert behaviour.asked == []


# --- a whole model ----------------------------------------------------------------------------------------------


@pytest.fixture
def checkpoint(tmp_path: Path) -> bytes:
    torch.manual_seed(3)
    config = read_yaml(YAML)
    torch.save(build(config.architecture.value, to_config(config)).state_dict(), tmp_path / "made.ckpt")
    return (tmp_path / "made.ckpt").read_bytes()


@pytest.fixture
def entry(checkpoint: bytes) -> Entry:
    return Entry(
        name="tiny",
        purpose=Purpose.SEPARATE,
        architecture="mel_band_roformer",
        file="tiny.ckpt",
        yaml="tiny.yaml",
        licence="CC BY-NC",
        commercial=Commercial.NO,
        page="https://example.org",
        pin=pin(hashlib.sha256(checkpoint).hexdigest()),
        bytes=len(checkpoint),
    )


def test_a_model_goes_from_a_mirror_onto_the_shelf(
    web: tuple[Behaviour, str], tmp_path: Path, entry: Entry, checkpoint: bytes
):
    behaviour, url = web
    behaviour.files |= {"tiny.ckpt": checkpoint, "tiny.yaml": YAML.encode()}
    shelf = Shelf(tmp_path / "models")
    installed = fetch(entry, shelf, source=f"{url}/mirror/", accepted=True, patience=HASTY)
    assert installed.source_sha256 == hashlib.sha256(checkpoint).hexdigest()
    assert installed.licence_accepted
    assert load(shelf.path_of("tiny")).info.stems == ("voice",)
    assert shelf.verify("tiny").verdict is Verdict.WHOLE
    assert sorted(path.name for path in shelf.folder.rglob("*") if path.is_file()) == ["tiny.json", "tiny.safetensors"]


def test_nothing_is_asked_for_before_the_licence_is_accepted(web: tuple[Behaviour, str], tmp_path: Path, entry: Entry):
    behaviour, url = web
    with pytest.raises(ModelRefused, match="--accept-licence"):
        fetch(entry, Shelf(tmp_path / "models"), source=url)
    assert behaviour.asked == []
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize("as_file", [False, True])
def test_a_folder_that_was_carried_in_serves_as_well(tmp_path: Path, entry: Entry, checkpoint: bytes, as_file: bool):
    carried = tmp_path / "stick"
    carried.mkdir()
    (carried / "tiny.ckpt").write_bytes(checkpoint)
    (carried / "tiny.yaml").write_text(YAML)
    shelf = Shelf(tmp_path / "models")
    fetch(entry, shelf, source=str(carried / "tiny.ckpt" if as_file else carried), accepted=True)
    assert shelf.verify("tiny").verdict is Verdict.WHOLE
    assert (carried / "tiny.ckpt").exists()


def test_a_second_source_is_tried_where_the_first_has_no_such_file(
    web: tuple[Behaviour, str], tmp_path: Path, entry: Entry, checkpoint: bytes
):
    behaviour, url = web
    behaviour.files |= {"tiny.ckpt": checkpoint, "tiny.yaml": YAML.encode()}
    behaviour.files["nothing"] = b""
    entry = replace(entry, sources=(f"{url}/tiny.ckpt/..", url))
    assert fetch(entry, Shelf(tmp_path / "models"), accepted=True, patience=HASTY).name == "tiny"


@pytest.mark.parametrize("trouble", [{"status": 500}, {"page": True, "kind": "text/html"}])
def test_a_second_source_is_tried_where_the_first_is_in_trouble(
    releases: tuple[Behaviour, Behaviour, str],
    tmp_path: Path,
    entry: Entry,
    checkpoint: bytes,
    trouble: dict[str, Any],
):
    _, storage, url = releases
    storage.files |= {"tiny.ckpt": checkpoint, "tiny.yaml": YAML.encode()}
    with serving(Behaviour(**trouble)) as broken:
        tried = replace(entry, sources=(broken, url))
        assert fetch(tried, Shelf(tmp_path / "models"), accepted=True, patience=HASTY).name == "tiny"


@pytest.mark.parametrize("wrong", [b"<html>not yet</html>", b"model: {", YAML.replace("dim: 16", "dim: 24").encode()])
def test_a_yaml_that_was_wrong_once_is_fetched_anew_and_the_weights_are_not(
    web: tuple[Behaviour, str], tmp_path: Path, entry: Entry, checkpoint: bytes, wrong: bytes
):
    behaviour, url = web
    behaviour.files |= {"tiny.ckpt": checkpoint, "tiny.yaml": wrong}
    shelf = Shelf(tmp_path / "models")
    with pytest.raises((ModelBroken, Unavailable), match=r"tiny\.(yaml|ckpt)"):
        fetch(entry, shelf, source=url, accepted=True, patience=HASTY)
    assert not list(shelf.installed())
    behaviour.files["tiny.yaml"] = YAML.encode()
    fetch(entry, shelf, source=url, accepted=True, patience=HASTY)
    assert load(shelf.path_of("tiny")).info.stems == ("voice",)
    assert len(behaviour.asked) <= 4


def test_what_is_fetched_has_to_be_for_what_the_catalogue_says(
    web: tuple[Behaviour, str], tmp_path: Path, entry: Entry, checkpoint: bytes
):
    behaviour, url = web
    behaviour.files |= {"tiny.ckpt": checkpoint, "tiny.yaml": YAML.replace("vocals", "noreverb").encode()}
    with pytest.raises(ModelRefused, match="dry does not separate"):
        fetch(entry, Shelf(tmp_path / "models"), source=url, accepted=True, patience=HASTY)
    assert not list(Shelf(tmp_path / "models").installed())


def test_of_a_partly_known_hash_that_much_is_said(tmp_path: Path, entry: Entry, checkpoint: bytes):
    (tmp_path / "tiny.ckpt").write_bytes(checkpoint)
    (tmp_path / "tiny.yaml").write_text(YAML)
    shelf = Shelf(tmp_path / "models")
    partly = replace(entry, pin=Pin(entry.pin.begins[:8], entry.pin.begins[-4:]))
    fetch(partly, shelf, source=str(tmp_path), accepted=True)
    assert shelf.verify("tiny").verdict is Verdict.PARTLY
    wrong = replace(entry, pin=Pin(entry.pin.begins[:8], "0" * 8))
    with pytest.raises(DigestMismatch):
        fetch(wrong, Shelf(tmp_path / "other"), source=str(tmp_path), accepted=True)


def test_a_changed_model_is_noticed(tmp_path: Path, entry: Entry, checkpoint: bytes):
    (tmp_path / "tiny.ckpt").write_bytes(checkpoint)
    (tmp_path / "tiny.yaml").write_text(YAML)
    shelf = Shelf(tmp_path / "models")
    fetch(entry, shelf, source=str(tmp_path), accepted=True)
    raw = bytearray(shelf.path_of("tiny").read_bytes())
    raw[-1] ^= 1
    shelf.path_of("tiny").write_bytes(raw)
    assert shelf.verify("tiny").verdict is Verdict.CHANGED
