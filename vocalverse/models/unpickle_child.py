"""The process that reads a strange checkpoint: it unpickles next to nothing and passes tensors on as plain numbers.

Neither torch nor any class of the checkpoint is imported. A pickle may name the handful of functions below, which
only note what tensor lies where; whatever else it names ends the reading.
"""

import io
import itertools
import json
import math
import os
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from vocalverse.audio.confine import close_doors, give_up_rights
from vocalverse.audio.wire import Kind, send
from vocalverse.errors import ModelBroken

BLOCK_BYTES = 8 * 2**20
# Where trainers keep the weights.
STATE_DICTS = ("state_dict", "model_state_dict", "model", "model_g", "hubert", "net", "generator")

_PICKLE_BYTES_AT_MOST = 64 * 2**20
_ZIP = b"PK\x03\x04"
_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_DIMENSIONS_AT_MOST = 8
_BYTES = {
    "float64": 8,
    "float32": 4,
    "float16": 2,
    "bfloat16": 2,
    "int64": 8,
    "int32": 4,
    "int16": 2,
    "int8": 1,
    "uint8": 1,
    "bool": 1,
}


@dataclass(frozen=True)
class Job:
    import_from: list[str]
    parent_pid: int
    memory_bytes: int
    cpu_s: int
    tensor_bytes: int  # of all tensors together, at most


@dataclass(frozen=True)
class _Kind:
    dtype: str


@dataclass(frozen=True)
class _Storage:
    dtype: str
    key: str
    count: int


@dataclass(frozen=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def count(self) -> int:
        return math.prod(self.shape)


class _Ignored:
    """Stands for what a trainer put beside the weights, such as its best score."""

    def __init__(self, *_: Any) -> None: ...

    def __setstate__(self, _: Any) -> None: ...


def main(job_text: str) -> None:
    """What is not caught here ends the process; the parent then finds no trailer."""
    job = Job(**json.loads(job_text))
    give_up_rights(job)
    "".encode("cp437")  # the codec of names in zips is imported now: later no file can be opened
    pipe = os.fdopen(1, "wb", closefd=False)
    close_doors()
    send(pipe, Kind.READY, b"")
    pipe.flush()
    try:
        sent = _send_all(io.FileIO(0, closefd=False), job.tensor_bytes, pipe)
        _say(pipe, Kind.TRAILER, {"tensors": sent})
    except ModelBroken as error:
        _say(pipe, Kind.FAILED, {"message": str(error)})
    except MemoryError:
        _say(pipe, Kind.FAILED, {"message": "reading it needs more memory than a checkpoint of its size may take"})
    except (pickle.UnpicklingError, zipfile.BadZipFile, EOFError, ValueError, TypeError, KeyError, IndexError) as error:
        _say(pipe, Kind.FAILED, {"message": f"it cannot be read as a checkpoint ({_short(error)})"})
    except (AttributeError, OverflowError, RecursionError, NotImplementedError, OSError) as error:
        _say(pipe, Kind.FAILED, {"message": f"it cannot be read as a checkpoint ({_short(error)})"})


def _send_all(file: io.FileIO, bytes_at_most: int, pipe: BinaryIO) -> int:
    whole = zipfile.is_zipfile(file)
    file.seek(0)
    if not whole and file.read(len(_ZIP)) == _ZIP:
        raise ModelBroken("it is cut short: it begins as torch.save begins, and has no end. Fetch it anew")
    root, read_storage = _open_zip(file) if whole else _open_legacy(file)
    tensors = _state_dict(root)
    asked = sum(tensor.count * _BYTES[tensor.storage.dtype] for tensor in tensors.values())
    if asked > bytes_at_most:
        raise ModelBroken(f"its tensors would take {asked} bytes, more than a file of its size can hold")
    for name, tensor in tensors.items():
        numbers = _strided(tensor, read_storage(tensor.storage))
        told = {"name": name, "dtype": tensor.storage.dtype, "shape": tensor.shape}
        _say(pipe, Kind.HEADER, told)
        for start in range(0, len(numbers), BLOCK_BYTES):
            send(pipe, Kind.BLOCK, numbers[start : start + BLOCK_BYTES])
    return len(tensors)


# --- the two formats of torch.save ------------------------------------------------------------------------------

_ReadStorage = Callable[[_Storage], npt.NDArray[np.uint8]]


def _open_zip(file: io.FileIO) -> tuple[Any, _ReadStorage]:
    archive = zipfile.ZipFile(file)
    roots = [name.removesuffix("data.pkl") for name in archive.namelist() if name.endswith("/data.pkl")]
    if len(roots) != 1:
        raise ModelBroken("it is a zip file, but not one that torch.save writes")

    def read(name: str, bytes_at_most: int) -> bytes:
        entry = archive.getinfo(roots[0] + name)
        if entry.compress_type != zipfile.ZIP_STORED or entry.file_size > bytes_at_most:
            raise ModelBroken(f"its entry {name} is compressed or larger than it can be")
        return archive.read(entry)

    if f"{roots[0]}byteorder" in archive.namelist() and read("byteorder", 16) != b"little":
        raise ModelBroken("its numbers are not in little-endian order")

    def read_storage(storage: _Storage) -> npt.NDArray[np.uint8]:
        expected = storage.count * _BYTES[storage.dtype]
        found = np.frombuffer(read(f"data/{storage.key}", expected), np.uint8)
        if len(found) != expected:
            raise ModelBroken(f"its storage {storage.key} is {len(found)} bytes long instead of {expected}")
        return found

    return _Reader(io.BytesIO(read("data.pkl", _PICKLE_BYTES_AT_MOST))).load(), read_storage


def _open_legacy(file: io.FileIO) -> tuple[Any, _ReadStorage]:
    """Before 2020: five pickles in a row, then the storages, each with its length before it."""
    buffered = io.BufferedReader(file)
    buffered.seek(0)
    if _Reader(buffered).load() != _LEGACY_MAGIC:
        raise ModelBroken("it is no checkpoint that torch.save writes")
    _Reader(buffered).load()  # the protocol's version
    if not _Reader(buffered).load().get("little_endian", True):
        raise ModelBroken("its numbers are not in little-endian order")
    reader = _Reader(buffered)
    root, keys = reader.load(), _Reader(buffered).load()
    places: dict[str, int] = {}
    for key in keys:
        storage = reader.storages[key]
        if int.from_bytes(buffered.read(8), "little") != storage.count:
            raise ModelBroken(f"its storage {key} is not as long as it was announced")
        places[key] = buffered.tell()
        buffered.seek(storage.count * _BYTES[storage.dtype], os.SEEK_CUR)

    def read_storage(storage: _Storage) -> npt.NDArray[np.uint8]:
        buffered.seek(places[storage.key])
        found = buffered.read(storage.count * _BYTES[storage.dtype])
        if len(found) != storage.count * _BYTES[storage.dtype]:
            raise ModelBroken("it is cut short")
        return np.frombuffer(found, np.uint8)

    return root, read_storage


# --- what a pickle may say --------------------------------------------------------------------------------------


class _Reader(pickle.Unpickler):
    def __init__(self, file: Any) -> None:
        super().__init__(file)
        self.storages: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise ModelBroken(f"it names {module}.{name}, which weights have no use for: it may be an attack") from None

    def persistent_load(self, pid: Any) -> _Storage:
        what, kind, key, _, count, *view = pid
        if what != "storage" or not isinstance(kind, _Kind) or any(view) or not _is_count(count):
            raise ModelBroken("it refers to a storage in a way that is not known")
        storage = _Storage(kind.dtype, str(key), count)
        if self.storages.setdefault(storage.key, storage) != storage:
            raise ModelBroken(f"it describes its storage {storage.key} in two ways")
        return storage


def _rebuild_tensor(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> _Tensor:
    whole = isinstance(storage, _Storage) and isinstance(shape, tuple) and isinstance(strides, tuple)
    if not whole or len(shape) != len(strides) or len(shape) > _DIMENSIONS_AT_MOST:
        raise ModelBroken("it describes a tensor in a way that is not known")
    if not all(map(_is_count, (offset, *shape, *strides))):
        raise ModelBroken("it describes a tensor by something else than whole numbers")
    last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    if math.prod(shape) and last >= storage.count:
        raise ModelBroken("one of its tensors reaches beyond its storage")
    return _Tensor(storage, offset, shape, strides)


def _rebuild_parameter(tensor: Any, *_: Any) -> Any:
    return tensor


def _size(*sizes: Any) -> tuple[Any, ...]:
    return tuple(*sizes)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**48


_STORAGES = {
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
}
_BESIDE = (
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "scalar"),
    ("numpy._core.multiarray", "scalar"),
    ("_codecs", "encode"),
    ("torch", "device"),
    *(("torch", dtype) for dtype in _BYTES),
    ("argparse", "Namespace"),
)
_ALLOWED: Mapping[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor"): _rebuild_tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    ("torch._utils", "_rebuild_parameter"): _rebuild_parameter,
    ("torch", "Size"): _size,
    **{("torch", name): _Kind(dtype) for name, dtype in _STORAGES.items()},
    **dict.fromkeys(_BESIDE, _Ignored),
}


def _state_dict(root: Any) -> dict[str, _Tensor]:
    """The weights, wherever the trainer put them."""
    places = itertools.chain([root], (root.get(name) for name in STATE_DICTS) if isinstance(root, dict) else [])
    for place in places:
        if isinstance(place, dict):
            found = dict(_tensors(place))
            if found:
                return found
    raise ModelBroken("it holds no weights, neither by themselves nor under " + ", ".join(STATE_DICTS))


def _tensors(place: Mapping[Any, Any]) -> Iterator[tuple[str, _Tensor]]:
    return ((name, value) for name, value in place.items() if isinstance(name, str) and isinstance(value, _Tensor))


def _strided(tensor: _Tensor, storage: npt.NDArray[np.uint8]) -> memoryview:
    """Its numbers in order. Nothing is copied where they lie so already."""
    size = _BYTES[tensor.storage.dtype]
    items = storage.view(np.dtype((np.void, size)))[tensor.offset :]
    strides = tuple(stride * size for stride in tensor.strides)
    view = np.lib.stride_tricks.as_strided(items, tensor.shape, strides, writeable=False)
    return np.ascontiguousarray(view).reshape(-1).view(np.uint8).data


def _say(pipe: BinaryIO, kind: Kind, told: Mapping[str, Any]) -> None:
    send(pipe, kind, json.dumps(told).encode())
    pipe.flush()


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]
