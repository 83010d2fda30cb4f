"""Real files, decoded by the real child."""

import io
import struct
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from vocalverse.audio.decode import decode
from vocalverse.audio.sandbox import DecodeLimits
from vocalverse.audio.waveform import Waveform
from vocalverse.errors import Undecodable, UnsupportedFormat

RATE_HZ = 44_100
SECONDS = 1.5
NAMES = ("wav", "flac", "vorbis", "mp3", "opus", "m4a", "adts")


def tones(rate_hz: int = RATE_HZ, seconds: float = SECONDS) -> np.ndarray:
    """440 Hz at the left, 660 Hz at the right."""
    time_s = np.arange(round(rate_hz * seconds)) / rate_hz
    return (0.5 * np.sin(2 * np.pi * np.outer(time_s, [440, 660]))).astype(np.float32)


def with_sndfile(samples: np.ndarray, rate_hz: int, **kind: str) -> bytes:
    out = io.BytesIO()
    with soundfile.SoundFile(out, "w", rate_hz, samples.shape[1], **kind) as file:
        for start in range(0, len(samples), 4096):
            file.write(samples[start : start + 4096])
    return out.getvalue()


def with_av(samples: np.ndarray, container: str) -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format=container) as opened:
        stream = opened.add_stream("aac", rate=RATE_HZ, bit_rate=192_000)
        stream.layout = "stereo"
        for start in range(0, len(samples), 1024):
            planes = np.ascontiguousarray(samples[start : start + 1024].T)
            frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts = RATE_HZ, start
            opened.mux(stream.encode(frame))
        opened.mux(stream.encode(None))
    return out.getvalue()


def made(name: str, seconds: float = SECONDS) -> bytes:
    samples = tones(seconds=seconds)
    match name:
        case "wav":
            return with_sndfile(samples, RATE_HZ, format="WAV", subtype="PCM_16")
        case "flac":
            return with_sndfile(samples, RATE_HZ, format="FLAC", subtype="PCM_16")
        case "vorbis":
            return with_sndfile(samples, RATE_HZ, format="OGG", subtype="VORBIS")
        case "opus":
            return with_sndfile(tones(48_000, seconds), 48_000, format="OGG", subtype="OPUS")
        case "mp3":
            return with_sndfile(samples, RATE_HZ, format="MP3", subtype="MPEG_LAYER_III")
        case "m4a":
            return with_av(samples, "ipod")
        case _:
            return with_av(samples, "adts")


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return {name: made(name) for name in NAMES}


def heard(data: bytes, tmp_path: Path, limits: DecodeLimits | None = None) -> Waveform:
    path = tmp_path / "recording.txt"  # the name means nothing
    path.write_bytes(data)
    with path.open("rb") as file:
        return decode(file, limits=limits or DecodeLimits())


def pitch_hz(channel: np.ndarray) -> float:
    part = channel[RATE_HZ // 4 : RATE_HZ]
    spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part)), 2**17))
    return float(np.argmax(spectrum) * RATE_HZ / 2**17)


@pytest.mark.parametrize("name", NAMES)
def test_every_format_gives_its_tones_left_and_right_at_44_1_khz(name: str, files: dict[str, bytes], tmp_path: Path):
    waveform = heard(files[name], tmp_path)
    assert waveform.samples.dtype == np.float32
    assert (waveform.sample_rate_hz, waveform.source.channels) == (RATE_HZ, 2)
    assert pitch_hz(waveform.samples[:, 0]) == pytest.approx(440, abs=1)
    assert pitch_hz(waveform.samples[:, 1]) == pytest.approx(660, abs=1)
    assert np.abs(waveform.samples[RATE_HZ // 4 : RATE_HZ]).max() == pytest.approx(0.5, abs=0.03)
    assert waveform.duration_s == pytest.approx(SECONDS, abs=0.1)
    assert not waveform.source.broken_tail
    assert not waveform.source.longer


@pytest.mark.parametrize("name", ["wav", "flac"])
def test_lossless_samples_arrive_as_they_were(name: str, files: dict[str, bytes], tmp_path: Path):
    np.testing.assert_allclose(heard(files[name], tmp_path).samples, tones(), atol=1 / 32768)


@pytest.mark.parametrize("name", ["vorbis", "mp3"])
def test_reading_in_blocks_gives_what_reading_at_once_gives(name: str, files: dict[str, bytes], tmp_path: Path):
    at_once, _ = soundfile.read(io.BytesIO(files[name]), dtype="float32")
    np.testing.assert_array_equal(heard(files[name], tmp_path).samples, at_once)


@pytest.mark.parametrize("rate_hz", [8_000, 48_000, 192_000])
def test_other_rates_are_resampled_in_time_and_in_tune(rate_hz: int, tmp_path: Path):
    waveform = heard(with_sndfile(tones(rate_hz), rate_hz, format="WAV", subtype="FLOAT"), tmp_path)
    assert len(waveform.samples) == pytest.approx(SECONDS * RATE_HZ, abs=2)
    middle = slice(RATE_HZ // 4, RATE_HZ)
    np.testing.assert_allclose(waveform.samples[middle], tones()[middle], atol=1e-3)
    assert waveform.source.sample_rate_hz == rate_hz


def test_mono_is_on_both_sides_and_a_third_channel_is_heard_on_both(tmp_path: Path):
    mono = heard(with_sndfile(tones()[:, :1], RATE_HZ, format="WAV", subtype="FLOAT"), tmp_path)
    np.testing.assert_array_equal(mono.samples[:, 0], mono.samples[:, 1])
    third = np.zeros((RATE_HZ, 3), np.float32)
    third[:, 2] = 1.0
    mixed = heard(with_sndfile(third, RATE_HZ, format="WAV", subtype="FLOAT"), tmp_path)
    np.testing.assert_allclose(mixed.samples, np.sqrt(0.5) / (1 + np.sqrt(0.5)), rtol=1e-5)
    assert mixed.source.channel_rms == pytest.approx((0, 0, 1))


@pytest.mark.parametrize("name", NAMES[:-2])
def test_a_file_cut_short_is_kept_up_to_the_break(name: str, tmp_path: Path):
    data = made(name, seconds=3)
    waveform = heard(data[: len(data) * 2 // 3], tmp_path)
    assert waveform.source.broken_tail
    assert waveform.duration_s == pytest.approx(2, abs=1.1)  # Ogg's pages hold up to a second
    assert pitch_hz(waveform.samples[:, 0]) == pytest.approx(440, abs=1)


def test_aac_cut_in_mid_frame_is_kept_up_to_the_break(files: dict[str, bytes], tmp_path: Path):
    waveform = heard(files["adts"][:-100], tmp_path)
    assert waveform.source.broken_tail
    assert waveform.duration_s == pytest.approx(SECONDS, abs=0.1)


def test_a_recorder_that_never_wrote_the_length_is_not_taken_for_broken(files: dict[str, bytes], tmp_path: Path):
    data = bytearray(files["wav"])
    data[4:8] = data[40:44] = b"\xff\xff\xff\xff"
    waveform = heard(bytes(data), tmp_path)
    assert not waveform.source.broken_tail
    assert waveform.duration_s == pytest.approx(SECONDS)


def test_samples_that_are_no_numbers_become_zeros_and_are_counted(tmp_path: Path):
    samples = tones()
    samples[1000:1010, 0] = np.nan
    samples[5000, 1] = np.inf
    samples[9000, 1] = -3e38
    waveform = heard(with_sndfile(samples, RATE_HZ, format="WAV", subtype="FLOAT"), tmp_path)
    assert np.isfinite(waveform.samples).all()
    assert np.abs(waveform.samples).max() <= 0.5
    assert waveform.source.bad_runs == 3
    assert waveform.source.bad_s == pytest.approx(12 / RATE_HZ)


@pytest.mark.parametrize(
    "data",
    [
        b"#EXTM3U\nfile:///etc/hostname\n",
        b"ffconcat version 1.0\nfile '/etc/hostname'\n",
        b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nm=audio 5004 RTP/AVP 0\r\n",
        b"",
        b"ID3\x04\x00\x00\x00\x00\x00\x00FORM\x00\x00\x10\x00AIFFCOMM",
    ],
)
def test_playlists_and_empty_files_are_an_unsupported_format(data: bytes, tmp_path: Path):
    with pytest.raises(UnsupportedFormat):
        heard(data, tmp_path)


def wav_saying(*, rate_hz: int = RATE_HZ, channels: int = 2, format_tag: int = 1) -> bytes:
    fmt = struct.pack("<HHIIHH", format_tag, channels, rate_hz, 4 * RATE_HZ, 4, 16)
    body = b"WAVEfmt " + struct.pack("<I", len(fmt)) + fmt + b"data" + struct.pack("<I", 4000) + bytes(4000)
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize(
    "data",
    [
        wav_saying(rate_hz=1),
        wav_saying(rate_hz=2**31 - 1),
        wav_saying(channels=1000),
        wav_saying(format_tag=0x55),
        wav_saying()[:44],
        b"OggS\x00\x02" + bytes(20) + b"\x01\x08OpusHead",
        b"\xff\xfb\x90\x00" + b"#EXTM3U\nfile:///etc/hostname\n" * 10,
        b"\x00\x00\x00\x1cftypM4A \x00\x00\x00\x00" + bytes(300),
        b"\xff\xf1\x50\x80\x00\x1f\xfc" + bytes(300),
    ],
)
def test_headers_that_lie_and_files_without_audio_are_undecodable(data: bytes, tmp_path: Path):
    with pytest.raises(Undecodable):
        heard(data, tmp_path)


def test_a_header_that_claims_six_hours_does_not_make_seconds_too_long(files: dict[str, bytes], tmp_path: Path):
    data = bytearray(files["flac"])
    data[22:26] = struct.pack(">I", 6 * 3600 * RATE_HZ)  # the low bits of STREAMINFO's number of samples
    waveform = heard(bytes(data), tmp_path)
    assert not waveform.source.longer
    assert waveform.source.broken_tail
    assert waveform.duration_s == pytest.approx(SECONDS, abs=0.2)


def test_exactly_the_limit_is_not_longer_than_it(files: dict[str, bytes], tmp_path: Path):
    assert not heard(files["wav"], tmp_path, DecodeLimits(max_s=SECONDS)).source.longer
    assert heard(files["wav"], tmp_path, DecodeLimits(max_s=SECONDS - 0.001)).source.longer


def test_progress_grows_to_one(files: dict[str, bytes], tmp_path: Path):
    seen: list[tuple[str, float]] = []
    (tmp_path / "a").write_bytes(files["flac"])
    with (tmp_path / "a").open("rb") as file:
        decode(file, progress=lambda stage, fraction: seen.append((stage, fraction)))
    fractions = [fraction for _, fraction in seen]
    assert {stage for stage, _ in seen} == {"decode"}
    assert fractions == sorted(fractions)
    assert len(fractions) > 5
    assert fractions[-1] == 1.0


def test_the_files_position_is_left_as_it_was(files: dict[str, bytes], tmp_path: Path):
    (tmp_path / "a").write_bytes(files["mp3"])
    with (tmp_path / "a").open("rb") as file:
        file.seek(1234)
        decode(file)
        assert file.read() == files["mp3"][1234:]


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    return tmp_path_factory.mktemp("fuzz")


@settings(max_examples=10, deadline=None, derandomize=True, database=None)
@given(name=st.sampled_from(NAMES), wounds=st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=8)), max_size=6))
def test_wounded_files_are_heard_or_undecodable(
    files: dict[str, bytes], scratch: Path, name: str, wounds: list[tuple[float, bytes]]
):
    data = bytearray(files[name][:12_000])
    for where, wound in wounds:
        at = int(where * len(data))
        data[at : at + len(wound)] = wound
    try:
        waveform = heard(bytes(data), scratch)
    except Undecodable:
        return
    assert np.isfinite(waveform.samples).all()


@settings(max_examples=5, deadline=None, derandomize=True, database=None)
@given(
    magic=st.sampled_from([b"RIFF\x00\x00\x00\x00WAVE", b"fLaC", b"\xff\xfb\x90\x00", b"\x00\x00\x00\x18ftypM4A "]),
    rest=st.binary(max_size=2000),
)
def test_random_bytes_behind_a_magic_number_are_heard_or_undecodable(scratch: Path, magic: bytes, rest: bytes):
    try:
        waveform = heard(magic + rest, scratch)
    except Undecodable:
        return
    assert np.isfinite(waveform.samples).all()
