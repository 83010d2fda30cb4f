"""Networks that are transformers' own classes, filled from a local folder: no hub is asked, no code of a folder is run."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from vocalverse.errors import ModelBroken
from vocalverse.models.encoders.checkpoint import CONFIG, load_into, read_folder
from vocalverse.models.encoders.weight_norm import in_the_old_spelling
from vocalverse.separate.weights import Hollow

_TABLES = ("position_ids", "token_type_ids", "relative_position_index", "num_batches_tracked")  # not learnt


@dataclass(frozen=True)
class Borrowed:
    """How transformers calls a config and its network, and how published checkpoints call the network's tensors."""

    config: str
    network: str
    prefixes: tuple[str, ...]
    ignore: tuple[str, ...] = ()  # what checkpoints bring along for others


def build(borrowed: Borrowed, said: Mapping[str, Any], folder: Path, *options: Any) -> Any:
    """The network that the config `said` describes, with the folder's weights. `options` go to its class."""
    from huggingface_hub.errors import StrictDataclassError

    transformers = importlib.import_module("transformers")
    try:
        config = getattr(transformers, borrowed.config).from_dict(dict(said))
        with Hollow():
            network = getattr(transformers, borrowed.network)(config, *options)
    except (StrictDataclassError, TypeError, ValueError, AttributeError, KeyError, RuntimeError) as error:
        raise ModelBroken(f"{folder / CONFIG}: no {borrowed.network} can be built from it ({error}).") from error
    places = network.state_dict()
    tensors = _spelt_like(places, read_folder(folder, borrowed.prefixes))
    learnt = {name: tensor for name, tensor in tensors.items() if not name.endswith(_TABLES)}
    tables = {name: tensor for name, tensor in places.items() if name.endswith(_TABLES)}
    load_into(network, learnt | tables, folder, ignore=borrowed.ignore)
    return network


def _spelt_like(places: Mapping[str, Tensor], tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Normed weights have two spellings; which one a network has depends on the version of transformers."""
    ours = dict(zip(in_the_old_spelling(places), places, strict=True))
    return {ours.get(name, name): tensor for name, tensor in in_the_old_spelling(tensors).items()}
