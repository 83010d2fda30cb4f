"""What encoders made of a recording, kept for the next release that judges it by the same ones."""

from collections.abc import Callable
from uuid import UUID

from vocalverse.errors import Unavailable
from vocalverse.models.cache.cache import CacheKey, EncoderCache
from vocalverse.models.encoders.encoder import EncoderInfo, Frames
from vocalverse.models.encoders.sound import Sound
from vocalverse.release.judge import Kept, make_anew


def keeping(cache: EncoderCache | None, recording: UUID) -> Kept:
    """Found again only for the same sound, by whatever ear it was taken out. A full disk keeps nobody from being judged."""
    if cache is None:
        return make_anew

    def kept(info: EncoderInfo, sound: Sound, make: Callable[[], Frames]) -> Frames:
        made: list[Frames] = []

        def once() -> Frames:
            made.append(make())
            return made[0]

        try:
            return cache.frames(CacheKey.of(info, str(recording), sound.digest), once)
        except Unavailable:
            return made[0]

    return kept
