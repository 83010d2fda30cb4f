"""The process that parses a recording: it reads its standard input, writes `wire` frames, and can do little else."""

import io
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO

from vocalverse.audio.confine import close_doors, give_up_rights
from vocalverse.audio.formats import Codec, Container
from vocalverse.audio.wire import Failed, Job, Kind, read_job, send, send_text
from vocalverse.errors import DecoderLimit, Undecodable

if TYPE_CHECKING:
    from vocalverse.audio.readers import Reading


def main(job_text: str) -> None:
    """Decode as the job says. What is not caught here ends the process; the parent then finds no trailer."""
    job = read_job(job_text)
    give_up_rights(job)
    pipe = os.fdopen(1, "wb", closefd=False)
    try:
        stream, open_reading = _libraries(job)
        close_doors()
        send(pipe, Kind.READY, b"")
        pipe.flush()
        stream(open_reading(io.FileIO(0, closefd=False)), job.max_frames, pipe)
    except ImportError as error:
        send_text(pipe, Kind.FAILED, Failed("internal", str(error)))
    except Undecodable as error:
        send_text(pipe, Kind.FAILED, Failed(error.code, str(error)))
    except MemoryError:
        send_text(pipe, Kind.FAILED, Failed(DecoderLimit.code, "decoding needs more memory than is allowed"))


def _libraries(job: Job) -> "tuple[Callable[[Reading, int, BinaryIO], None], Callable[[io.FileIO], Reading]]":
    """Only what this job needs: each of them takes 50 ms to import."""
    from vocalverse.audio.streaming import stream

    if job.container in (Container.MP4, Container.ADTS) or job.codec is Codec.OPUS:
        from vocalverse.audio import by_av

        return stream, lambda file: by_av.open_reading(file, job.container)
    from vocalverse.audio import by_sndfile

    return stream, lambda file: by_sndfile.open_reading(file, job.container, job.codec)
