"""WAV, FLAC, Vorbis and MP3, read by libsndfile. Imported in the decoder's process alone."""

import io
from collections.abc import Iterator

import soundfile

from vocalverse.audio.formats import Codec, Container
from vocalverse.audio.readers import READ_FRAMES, Block, Break, Reading
from vocalverse.audio.tails import ogg_is_cut, wav_is_cut
from vocalverse.errors import Undecodable, UnsupportedFormat

_FRAMES_UNKNOWN = 2**40  # what libsndfile says where a file does not tell its length is greater
_CONTAINERS = {
    **dict.fromkeys(("WAV", "WAVEX", "RF64"), Container.WAV),
    "FLAC": Container.FLAC,
    "OGG": Container.OGG,
    "MP3": Container.MP3,
}
_WAV_CODECS = {
    **dict.fromkeys(("PCM_U8", "PCM_16", "PCM_24", "PCM_32"), Codec.PCM),
    **dict.fromkeys(("FLOAT", "DOUBLE"), Codec.FLOAT),
    **dict.fromkeys(("ULAW", "ALAW"), Codec.G711),
    **dict.fromkeys(("IMA_ADPCM", "MS_ADPCM"), Codec.ADPCM),
}


class _Straight(soundfile.SoundFile):  # type: ignore[misc]
    """A file that is only ever read onwards. Else soundfile seeks to where it is after every block, and MP3, which
    cannot be entered anywhere without its past, comes out wrong at each of them.
    """

    def seekable(self) -> bool:
        return False


def open_reading(file: io.FileIO, container: Container, codec: Codec | None) -> Reading:
    cut = (container is Container.WAV and wav_is_cut(file)) or (container is Container.OGG and ogg_is_cut(file))
    file.seek(0)
    try:
        sound = _Straight(file.fileno(), closefd=False)
    except soundfile.LibsndfileError as error:
        raise Undecodable(f"the {container} file cannot be opened: {error.error_string}") from None
    if _CONTAINERS.get(sound.format) is not container:
        raise UnsupportedFormat(f"the file begins like {container}, but holds {sound.format}")
    found = codec or _WAV_CODECS.get(sound.subtype)
    if found is None:
        raise UnsupportedFormat(f"WAV with {sound.subtype} is not read: send PCM")
    frames = sound.frames if sound.frames < _FRAMES_UNKNOWN else None
    return Reading(sound.samplerate, sound.channels, found, frames, cut, _blocks(sound))


def _blocks(sound: _Straight) -> Iterator[Block]:
    while True:
        try:
            block = sound.read(READ_FRAMES, dtype="float32", always_2d=True)
        except (soundfile.LibsndfileError, ValueError) as error:
            raise Break(str(error)) from None
        if not len(block):
            return
        yield block
