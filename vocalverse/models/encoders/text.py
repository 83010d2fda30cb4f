"""Text as encoders for audio and text take it: RoBERTa, by itself or as CLAP's text tower. One vector for each token."""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from vocalverse.errors import ModelBroken
from vocalverse.models.encoders.borrowed import Borrowed, build
from vocalverse.models.encoders.checkpoint import CONFIG, index_files, read_config, revision_of, weight_files
from vocalverse.models.encoders.opening import require_type
from vocalverse.separate.backends.backend import DTYPES, failures_named
from vocalverse.separate.precision import Precision

_TOWERS = {  # by the model type that a folder's config says
    "roberta": Borrowed("RobertaConfig", "RobertaModel", ("roberta.", ""), ("lm_head.", "pooler.", "classifier.")),
    "clap": Borrowed("ClapTextConfig", "ClapTextModel", ("text_model.",), ("pooler.",)),
}
_TOKENS = ("tokenizer.json", "vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json")
_ENDS = 2  # tokens that stand around every piece of a text

Tokens = npt.NDArray[np.float32]  # [tokens, width]


@dataclass(frozen=True)
class TextEncoder:
    """What is longer than the network's positions is read in pieces, none of it is left out."""

    revision: str  # sha256 of all that was loaded, in hex
    width: int
    precision: Precision
    tokenizer: Any
    net: Any

    def encode(self, texts: Sequence[str]) -> list[Tokens]:
        """Each by itself: no text changes what another gives."""
        return [np.concatenate([self._read(piece) for piece in self._pieces(text)]) for text in texts]

    def _pieces(self, text: str) -> list[list[int]]:
        config, tokenizer = self.net.config, self.tokenizer
        tokens = tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        length = config.max_position_embeddings - config.pad_token_id - 1 - _ENDS  # positions are counted from there
        return [
            [tokenizer.cls_token_id, *tokens[at : at + length], tokenizer.sep_token_id]
            for at in range(0, max(1, len(tokens)), length)
        ]

    def _read(self, piece: list[int]) -> Tokens:
        device = next(self.net.parameters()).device
        with failures_named(f"text on {device.type}", self.precision), torch.inference_mode():
            said: Tokens = self.net(torch.tensor([piece], device=device)).last_hidden_state[0].float().cpu().numpy()
        return said


def files(folder: Path) -> tuple[Path, ...]:
    """Its weights, its config, and what cuts text into tokens."""
    tokens = [folder / name for name in _TOKENS if (folder / name).exists()]
    return (folder / CONFIG, *tokens, *index_files(folder), *weight_files(folder, _tower(folder).prefixes))


def open_text_encoder(folder: Path, *, precision: Precision = Precision.FP32, device: str = "cpu") -> TextEncoder:
    """A folder as published, with its tokenizer's files."""
    said = read_config(folder)
    net = build(_tower(folder), said.get("text_config", said), folder, False)
    net = net.eval().requires_grad_(False).to(device, DTYPES[precision])
    return TextEncoder(revision_of(files(folder)), net.config.hidden_size, precision, _tokenizer(folder), net)


def _tower(folder: Path) -> Borrowed:
    said = read_config(folder)
    require_type(said, _TOWERS, folder)
    return _TOWERS[said["model_type"]]


def _tokenizer(folder: Path) -> Any:
    transformers = importlib.import_module("transformers")
    try:
        return transformers.RobertaTokenizerFast.from_pretrained(str(folder), local_files_only=True)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ModelBroken(f"{folder} holds no tokenizer that can be read ({error}): fetch tokenizer.json.") from error
