"""Short takes, and how a venue sends them."""

import base64
import hashlib
import io
import json
import time
from collections.abc import Iterable

import httpx
import numpy as np
import soundfile

from vocalverse.records import TaskState

RATE_HZ = 44_100
Answer = httpx.Response


def a_take(seed: int, *, seconds: float = 6.0) -> bytes:
    """A wavering tone with a little noise, as FLAC: heard in a fifth of a second, another for every seed, and no singing."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    voice = 0.3 * np.sin(2 * np.pi * (220 + 110 * rng.random()) * time_s + 3 * np.sin(2 * np.pi * 5 * time_s))
    out = io.BytesIO()
    soundfile.write(out, voice + 1e-3 * rng.standard_normal(len(voice)), RATE_HZ, format="FLAC")
    return out.getvalue()


def digest_header(body: bytes) -> dict[str, str]:
    return {"Content-Digest": f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"}


def send(client: httpx.Client, upload_id: str, sound: bytes, **recording: object) -> Answer:
    """In one request."""
    headers = {**digest_header(sound), "VocalVerse-Recording": json.dumps(recording)}
    return client.put(f"/v1/uploads/{upload_id}/content", content=sound, headers=headers)


def announce(client: httpx.Client, upload_id: str, sound: bytes, **recording: object) -> Answer:
    said = {"size": len(sound), "sha256": hashlib.sha256(sound).hexdigest(), "recording": recording}
    return client.put(f"/v1/uploads/{upload_id}", json=said)


def send_part(client: httpx.Client, upload_id: str, number: int, part: bytes) -> Answer:
    return client.put(f"/v1/uploads/{upload_id}/parts/{number}", content=part, headers=digest_header(part))


def complete(client: httpx.Client, upload_id: str) -> Answer:
    return client.post(f"/v1/uploads/{upload_id}/complete")


def taken(answer: Answer) -> str:
    """The recording's id: this one may never be lost."""
    assert answer.status_code in (200, 201), answer.text
    return str(answer.json()["recording_id"])


def until_ended(client: httpx.Client, recording_id: str, *, within_s: float = 120) -> dict[str, object]:
    """As the server has it when the judging has ended, or when the time is up."""
    until = time.monotonic() + within_s
    while True:
        answer = client.get(f"/v1/recordings/{recording_id}", params={"wait": 10})
        assert answer.status_code == 200, answer.text
        said = dict(answer.json())
        if TaskState(said["state"]).ended or time.monotonic() > until:
            return said


def all_ended(client: httpx.Client, recording_ids: Iterable[str], *, within_s: float = 120) -> list[dict[str, object]]:
    return [until_ended(client, one, within_s=within_s) for one in recording_ids]
