"""Sidecars are written by others: whatever they hold is a sidecar or a sentence, and leads nowhere else."""

import json
import os
from pathlib import Path, PureWindowsPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vocalverse.agent.client import sendable
from vocalverse.agent.faults import BadSidecar
from vocalverse.agent.sidecar import MAX_BYTES, Sidecar, backing_beside, parse_sidecar, read_sidecar, sidecar_of
from vocalverse.records import Lane

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_sidecar_or_a_sentence(raw: bytes):
    try:
        sidecar = parse_sidecar(raw)
    except BadSidecar:
        return
    assert isinstance(sidecar, Sidecar)


@given(st.dictionaries(st.sampled_from(["song", "lane", "backing", "room", "consent"]), json_values))
def test_any_json_object_is_a_sidecar_that_can_be_sent_in_a_header_or_a_sentence(said: dict[str, Any]):
    try:
        sidecar = parse_sidecar(json.dumps(said).encode())
    except BadSidecar:
        return
    assert "backing" not in sidecar.metadata
    assert json.dumps(sidecar.metadata, allow_nan=False).isascii()


@given(st.text() | st.from_regex(r"[./\\]*[a-z]{0,3}[:/\\.]{0,3}[a-z]*", fullmatch=True))
def test_a_backing_is_a_plain_name_in_the_same_folder(name: str):
    try:
        sidecar = parse_sidecar(json.dumps({"backing": name}).encode())
    except BadSidecar:
        return
    assert sidecar.backing == name
    assert Path("folder", name).parent == Path("folder")
    assert PureWindowsPath("C:/folder", name).parent == PureWindowsPath("C:/folder")
    assert Path("folder", name).name == name not in (".", "..")


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "..",
        ".",
        "a/b",
        "a\\b",
        "..\\a",
        "C:a",
        "C:\\a",
        "\\\\host\\share\\a",
        "file:stream",
        "NUL",
        "nul.wav",
        "con.flac",
        "COM1.wav",
        "a.",
        "a*",
        "",
        " ",
        "a ",
        "a\x00b",
        "a\nb",
        "x" * 256,
        7,
        True,
        ["a"],
        {"a": 1},
    ],
)
def test_a_backing_that_leads_elsewhere_is_refused(name: object):
    with pytest.raises(BadSidecar, match="backing"):
        parse_sidecar(json.dumps({"backing": name}).encode())


@pytest.mark.parametrize("raw", [b"", b"[]", b'"x"', b"{", b'{"a": NaN}', b'{"a": 1e999}', b"[" * 30_000, b"\xff{}"])
def test_what_is_no_json_object_is_refused(raw: bytes):
    with pytest.raises(BadSidecar):
        parse_sidecar(raw)


def test_a_lane_is_live_or_bulk():
    assert parse_sidecar(b'{"lane": "live"}').lane is Lane.LIVE
    assert parse_sidecar(b"{}").lane is Lane.BULK
    for wrong in (b'"fast"', b"7", b"null", b"[]", b"{}"):
        with pytest.raises(BadSidecar, match="lane"):
            parse_sidecar(b'{"lane": %s}' % wrong)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_windows_editors_write_is_read(encoding: str):
    assert parse_sidecar('{"song": "Ä"}'.encode(encoding)).metadata == {"song": "Ä"}


def test_a_huge_sidecar_is_not_read_whole(tmp_path: Path):
    path = tmp_path / "a.json"
    path.write_bytes(b" " * (MAX_BYTES + 1))
    with pytest.raises(BadSidecar, match="64 KiB"):
        read_sidecar(path)


def test_the_more_exact_name_wins(tmp_path: Path):
    take = tmp_path / "song.flac"
    assert sidecar_of(take) is None
    (tmp_path / "song.json").touch()
    assert sidecar_of(take) == tmp_path / "song.json"
    (tmp_path / "song.flac.json").touch()
    assert sidecar_of(take) == tmp_path / "song.flac.json"


def test_links_are_followed_neither_as_sidecar_nor_as_backing(tmp_path: Path):
    (tmp_path / "outside").write_text("{}")
    inside = tmp_path / "takes"
    inside.mkdir()
    (inside / "song.json").symlink_to(tmp_path / "outside")
    with pytest.raises(BadSidecar, match="link"):
        read_sidecar(inside / "song.json")
    (inside / "b.wav").symlink_to(tmp_path / "outside")
    with pytest.raises(BadSidecar, match="plain file"):
        backing_beside(inside / "song.flac", Sidecar({}, backing="b.wav"))


def test_a_backing_that_is_not_there_is_said(tmp_path: Path):
    with pytest.raises(BadSidecar, match="beside"):
        backing_beside(tmp_path / "song.flac", Sidecar({}, backing="b.wav"))


@given(st.binary(max_size=50))
def test_any_file_name_can_be_told_to_the_server(raw: bytes):
    name = sendable(os.fsdecode(raw))
    assert name.isprintable()
    name.encode("utf-8")
