"""Texts and songs as sentence-to-music learns from them: vectors that are kept, or networks that go on learning.

What is not learned is encoded once and kept (``kept_vectors``). A language model that learns is given tokens, a tagger
random excerpts (``views.SoundView``). Schemes are in ``sentence_schemes`` and ``sentence_metric``.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tutti.audio.recording import Recording
from tutti.data.items import Item
from tutti.data.sentences import Sentence
from tutti.data.track import Modality, Track
from tutti.models.bundles import ModelConfig
from tutti.models.encoders import ModalityEncoder
from tutti.models.language_encoders import LanguageConfig, LanguageEncoder
from tutti.models.model import Model
from tutti.models.sound_encoders import SoundEncoder
from tutti.models.zoo import load_model
from tutti.text.sentences import LanguageNetwork, SentenceEncoder, padded
from tutti.training.branches import Branch, learning_sounds
from tutti.training.kept_vectors import encoded_once
from tutti.training.run_parts import WAVEFORMS, Tell, check_length
from tutti.training.sentence_config import AudioBranch, TextBranch
from tutti.training.transfer import build_network
from tutti.training.views import MatrixView

VECTORS = "vectors"
MOST_PIECES = 4  # of a long text that are learned from at once


class LanguageView:
    """Texts as tokens for a language model that learns: a :class:`tutti.training.views.View`.

    Of a text longer than the model reads at once, some of its pieces are learned from each time, at random; all of them
    are read when vectors are asked for.
    """

    modality: Modality = "text"

    def __init__(self, sentences: SentenceEncoder, texts: Sequence[str]) -> None:
        self.network: nn.Module = sentences.network
        self.embed_dim = sentences.embed_dim
        self.presence: NDArray[np.bool_] = np.array([bool(text.strip()) for text in texts], dtype=np.bool_)
        self._sentences = sentences
        self._pieces = [sentences.pieces(text) for text in texts]

    def learn(self, items: NDArray[np.int64], *, seed: tuple[int, ...]) -> Tensor:
        """Tokens as :class:`tutti.text.sentences.LanguageNetwork` takes them."""
        rng = np.random.default_rng(seed)
        chosen = []
        for pieces in (self._pieces[item] for item in items.tolist()):
            places = np.sort(rng.choice(len(pieces), MOST_PIECES, replace=False)) if len(pieces) > MOST_PIECES else None
            chosen.append(pieces if places is None else [pieces[place] for place in places.tolist()])
        return padded(chosen)

    def alter(self, inputs: Tensor, *, generator: torch.Generator) -> Tensor:
        """As they are."""
        return inputs

    def represent(self, network: nn.Module, items: NDArray[np.int64]) -> Tensor:
        """See the protocol."""
        assert isinstance(network, LanguageNetwork)
        pieces = [self._pieces[item] for item in items.tolist()]
        return torch.from_numpy(self._sentences.reading_with(network).encode_pieces(pieces))


def open_texts(
    sentences: Sequence[Sentence], config: TextBranch, folder: Path, *, tell: Tell, quiet: bool = True
) -> Branch:
    """The branch of texts.

    Args:
        sentences: In the order of the view.
        config: Which language model.
        folder: Of kept vectors.
        tell: Receives a line where texts must be read.
        quiet: Show no progress on stderr.

    Raises:
        MissingExtraError: transformers is not installed.
        ConfigError: There are no weights at hand.
    """
    language = LanguageConfig(model=config.model, reading=config.reading)
    encoder = LanguageEncoder.open(language)
    if not config.learn:
        items = [Item(item_id=one.sentence_id, title="", text=one.text) for one in sentences]
        encoded = encoded_once(encoder, items, folder, tell, quiet=quiet)
        return kept_branch(encoder, encoded.vectors)

    def finish(network: nn.Module) -> ModalityEncoder:
        assert isinstance(network, LanguageNetwork)
        own = dataclasses.replace(language, model=None, own_weights=True)
        return LanguageEncoder(own, encoder.sentences.reading_with(network.cpu()))

    view = LanguageView(encoder.sentences, [one.text for one in sentences])
    return Branch(view=view, dropout=0.0, finish=finish, failures={})


def open_songs(
    tracks: Sequence[Track], config: AudioBranch, folder: Path, *, seed: int, tell: Tell, quiet: bool = True
) -> Branch:
    """The branch of songs.

    Args:
        tracks: In the order of the view. Of those that a network learns from, train and valid are decoded.
        config: Which tagger.
        folder: Of kept vectors, and of decoded sounds.
        seed: Of a new network.
        tell: Receives a line where sounds must be heard.
        quiet: Show no progress on stderr.

    Raises:
        UnknownNameError: There is no such tagger.
        ConfigError: A setting does not fit the sounds.
    """
    items = [Item(item_id=one.track_id, title=one.name, tracks=(one,)) for one in tracks]
    if not config.learns:
        assert config.encoder
        encoder = SoundEncoder(load_model(config.encoder))
        encoded = encoded_once(encoder, items, folder, tell, quiet=quiet)
        return kept_branch(encoder, encoded.vectors, failures=dict(encoded.problems))
    model = _learning_model(config, seed=seed, tell=tell)
    recordings = {
        split: [Recording.from_file(one.audio, key=one.track_id) for one in tracks if one.split == split and one.audio]
        for split in ("train", "valid")
    }
    return learning_sounds(model, items, recordings, folder / WAVEFORMS, tell, n_excerpts=config.n_excerpts)


def kept_branch(
    encoder: ModalityEncoder, vectors: NDArray[np.float32], *, failures: dict[str, str] | None = None
) -> Branch:
    """The branch of an encoder that stays as it is, from the vectors that it gave.

    Args:
        encoder: Of one modality.
        vectors: NaN where it is absent. Shape (things, embed_dim).
        failures: What could not be read.
    """
    presence: NDArray[np.bool_] = np.all(np.isfinite(vectors), axis=1)
    view = MatrixView(encoder.modality, vectors, presence)
    return Branch(view=view, dropout=0.0, finish=lambda _: encoder, failures=failures or {})


def _learning_model(config: AudioBranch, *, seed: int, tell: Tell) -> Model:
    """The tagger that goes on learning, or a new one; its labels, if it has some, are left behind."""
    if config.encoder:
        model = load_model(config.encoder)
        tell(f"songs: going on with {model.name}")
        known: dict[str, Any] = {"options": model.config.options, "resampling": model.config.resampling}
        settings = ModelConfig(name="songs", architecture=model.config.architecture, labels=(), task="vectors", **known)
        network = build_network(settings, seed=seed)
        trained = {name: one for name, one in model.network.state_dict().items() if not name.startswith("head.")}
        network.load_state_dict(copy.deepcopy(trained))
    else:
        settings = ModelConfig(
            name="songs", architecture=config.architecture, labels=(), task="vectors", options=dict(config.options)
        )
        network = build_network(settings, config.start, seed=seed, tell=tell)
    check_length(network, settings)
    return Model(settings, network)
