"""The six strategies of sentence-to-music: losses by hand, what a batch holds, and that each finds its songs."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from torch.nn import functional

from tutti.data.emotion_mapping import EmotionMapping
from tutti.data.items import Item
from tutti.data.sentence_music import SentenceMusic
from tutti.data.sentences import LabelledSentences, Sentence
from tutti.data.track import Track
from tutti.errors import ConfigError, UnknownNameError
from tutti.models.encoders import Encoded
from tutti.models.sentence_music import STRATEGIES, HeadConfig
from tutti.models.sentence_retrieval import SentenceRetriever
from tutti.text.sentences import SentenceEncoder, TokenReading
from tutti.training.sentence_config import AudioBranch, StrategyConfig, TextBranch
from tutti.training.sentence_metric import LabelPairs, MetricConfig, MetricLearning
from tutti.training.sentence_schemes import Side, focal_loss
from tutti.training.sentence_strategies import Branches, learn_from, learn_strategy
from tutti.training.sentence_views import LanguageView, kept_branch, open_songs, open_texts
from tutti.training.trainer import TrainingConfig
from tutti.training.triplets import triplet_loss
from tutti.training.views import MatrixView

EMOTIONS, MOODS = ("anger", "fear", "happy"), ("angry", "happy", "tender")
ANSWERS = {"anger": ("angry",), "fear": ("angry",), "happy": ("happy", "tender")}
AFFECTS = {"anger": (0.1, 0.9), "fear": (0.2, 0.8), "happy": (0.9, 0.7), "angry": (0.1, 0.9), "tender": (0.8, 0.1)}
SPLITS = ("train",) * 4 + ("valid", "test")
QUICK = StrategyConfig(
    heads=HeadConfig(text_classifier=16, audio_classifier=16, shared=(16, 16, 8), metric=16, embed_dim=8, dropout=0.1),
    batch_size=16,
    training=TrainingConfig(epochs=12, learning_rate=1e-2, accelerator="cpu", loaders=0, patience=0),
)


class Named:
    """An encoder by name only: what it gave is at hand."""

    def __init__(self, modality: str) -> None:
        self.modality = self.name = self.fingerprint = modality
        self.embed_dim = 6

    def encode(self, items: Sequence[Item], *, progress: object = None) -> Encoded:
        raise NotImplementedError

    def save(self, folder: Path) -> None:
        raise NotImplementedError


def made_up(n_each: int = 36) -> SentenceMusic:
    """As many sentences of each emotion and songs of each mood."""
    sentences = [
        Sentence(sentence_id=f"{emotion}-{n}", text=f"the {emotion} night", emotion=emotion, split=SPLITS[n % 6])
        for emotion in EMOTIONS
        for n in range(n_each)
    ]
    tracks = [Track(track_id=f"{mood}-{n}", split=SPLITS[n % 6]) for mood in MOODS for n in range(n_each)]
    words = np.random.default_rng(1).normal(size=(5, 4)).astype(np.float32)
    vectors = dict(zip(("anger", "fear", "happy", "angry", "tender"), words, strict=True))
    return SentenceMusic(
        name="made-up",
        sentences=LabelledSentences(name="made-up", sentences=tuple(sentences), emotions=EMOTIONS),
        tracks=tuple(tracks),
        moods={track.track_id: track.track_id.split("-")[0] for track in tracks},
        mood_names=MOODS,
        mapping=EmotionMapping(name="manual", moods_of=ANSWERS, source="this test"),
        affects=AFFECTS,
        label_vectors=vectors,
    )


def clustered(labels: Sequence[str], names: Sequence[str], seed: int) -> np.ndarray:
    """Vectors that tell their labels."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(0, 3, (len(names), 6))
    return (centres[[names.index(one) for one in labels]] + rng.normal(0, 0.3, (len(labels), 6))).astype(np.float32)


def branches_of(data: SentenceMusic) -> Branches:
    texts = clustered([one.emotion for one in data.sentences.sentences], EMOTIONS, 2)
    songs = clustered([data.moods[one.track_id] for one in data.tracks], MOODS, 3)
    return Branches(text=kept_branch(Named("text"), texts), audio=kept_branch(Named("audio"), songs))


def found_first(retriever: SentenceRetriever, data: SentenceMusic, branches: Branches) -> dict[str, str]:
    """The mood of the song that each emotion's first test sentence finds first, or nothing."""
    rows = {one.emotion: n for n, one in reversed(list(enumerate(data.sentences.sentences))) if one.split == "test"}
    songs = [n for n, one in enumerate(data.tracks) if one.split == "test"]
    texts, heard = (side.view.learn(np.arange(3 * 36), seed=()).numpy() for side in (branches.text, branches.audio))
    scores = retriever.scores_of(texts[list(rows.values())], heard[songs])
    moods = [data.moods[data.tracks[songs[row.argmax()]].track_id] for row in np.nan_to_num(scores, nan=-np.inf)]
    exists = np.isfinite(scores).all(axis=1)
    return {emotion: moods[n] if exists[n] else "nothing" for n, emotion in enumerate(rows)}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_finds_the_songs_that_answer(strategy, tmp_path):
    data = made_up()
    branches = branches_of(data)
    learned = learn_from(branches, strategy, data, QUICK, folder=tmp_path, seed=0)
    found = found_first(learned.retriever, data, branches)
    assert found["happy"] in ANSWERS["happy"]
    if strategy == "classification":  # of its words, songs know happy alone
        assert found["anger"] == found["fear"] == "nothing"
    elif strategy not in ("multi-head", "word-vectors"):  # nobody tells these which mood answers which emotion
        assert found["anger"] == found["fear"] == "angry"


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["valence-arousal", "three-branch"])
def test_a_run_that_was_stopped_ends_as_one_that_was_not(strategy, tmp_path):
    data = made_up()
    branches = branches_of(data)
    assert QUICK.training is not None
    short, long = (
        dataclasses.replace(QUICK, training=dataclasses.replace(QUICK.training, epochs=n, schedule="constant"))
        for n in (2, 5)
    )
    whole = learn_from(branches, strategy, data, long, folder=tmp_path / "long", seed=1)
    learn_from(branches, strategy, data, short, folder=tmp_path / "parts", seed=1)
    again = learn_from(branches, strategy, data, long, folder=tmp_path / "parts", seed=1)
    for ours, theirs in zip(again.retriever.heads.parameters(), whole.retriever.heads.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_the_focal_loss_is_cross_entropy_weighted_by_what_is_missing():
    logits, classes = torch.tensor([[2.0, 0.0], [0.5, 1.0]]), torch.tensor([0, 0])
    p = torch.softmax(logits, dim=1)[:, 0]
    torch.testing.assert_close(focal_loss(logits, classes), (-((1 - p) ** 2) * p.log()).mean())
    torch.testing.assert_close(focal_loss(logits, classes, gamma=0), functional.cross_entropy(logits, classes))


def metric_learning(config: MetricConfig | None = None, *, labels: bool = True) -> MetricLearning:
    """Twelve texts of two emotions that one mood answers, and eight songs of two moods."""
    emotions, moods = np.arange(12) % 2, np.arange(8) % 2
    sides = [
        Side(view=MatrixView("text", np.eye(n, dtype=np.float32), np.ones(n, dtype=bool)), labels=some,
             train=np.arange(n), valid=np.arange(n))
        for n, some in ((12, emotions), (8, moods))
    ]  # fmt: skip
    words = (torch.eye(2), torch.eye(2) + 1) if labels else (None, None)
    pairs = LabelPairs(np.array([[True, False], [True, False]]), *words)
    return MetricLearning(*sides, pairs, config or MetricConfig(), batch_size=6, seed=0)


def test_an_epoch_is_as_long_as_the_larger_side():
    scheme = metric_learning()
    assert scheme.n_steps == 2
    assert [len(draw.excerpts.rows) for draw in scheme.draws(1)] == [6, 6]


def test_each_item_is_three_draws_and_across_texts_meet_songs_that_answer_them():
    scheme = metric_learning()
    texts, songs, emotions, moods = scheme.load(scheme.draws(1)[0])
    assert len(texts) == len(songs) == len(emotions) == 12
    assert torch.equal(texts.argmax(dim=1) % 2, emotions)
    assert torch.equal(songs.argmax(dim=1) % 2, moods)
    assert moods[:6].unique().tolist() == [0, 1]  # alone, songs of all moods
    assert moods[6:].unique().tolist() == [0]  # across, those of the mood that answers


def test_across_a_song_of_the_right_mood_may_be_a_negative_as_in_the_code_or_not():
    asked, answering = torch.tensor([0, 1, 0]), torch.tensor([0, 0, 1])
    as_published = metric_learning()._apart(asked, answering)
    assert as_published.tolist() == [[False, True, False], [True, False, True], [False, True, False]]
    by_mood = metric_learning(MetricConfig(masked="songs"))._apart(asked, answering)
    assert by_mood.tolist() == [[False, False, True]] * 3


class Constant(torch.nn.Module):
    """Points that are known."""

    def __init__(self, *points: torch.Tensor) -> None:
        super().__init__()
        self.points = points

    def forward(self, *_: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return self.points


def test_the_loss_is_the_weighted_sum_of_three_streams():
    texts, songs, labels = (torch.tensor([[1.0, 0], [0, 1], [1, 1], [1, -1]]) + shift for shift in (0.0, 0.3, -0.2))
    emotions, moods = torch.tensor([0, 1, 0, 1]), torch.tensor([0, 1, 0, 0])
    batch = [torch.zeros(4, 12), torch.zeros(4, 8), emotions, moods]
    loss = metric_learning().loss(Constant(texts, songs, labels), batch)
    other = torch.tensor([1, 0])  # of two, the negative is the other one
    streams = [(labels[:2], texts[:2]), (labels[2:], songs[:2]), (texts[2:], songs[2:])]
    parts = [triplet_loss(anchor, positive, positive[other], 0.2) for anchor, positive in streams]
    torch.testing.assert_close(loss, 0.3 * parts[0] + 0.3 * parts[1] + 0.4 * parts[2])
    torch.testing.assert_close(metric_learning(labels=False).loss(Constant(texts, songs), batch), parts[2])


def test_texts_without_an_answer_are_refused():
    data = dataclasses.replace(
        made_up(), mapping=EmotionMapping(name="none", moods_of=dict.fromkeys(EMOTIONS, ()), source="")
    )
    with pytest.raises(ConfigError, match="no emotion of the texts is answered"):
        learn_from(branches_of(data), "two-branch", data, QUICK, folder=Path("never"))


def test_labels_must_have_what_a_strategy_learns_of_them():
    data = dataclasses.replace(made_up(), affects={})
    with pytest.raises(ConfigError, match="valence and arousal of every label, and 'anger' has none"):
        learn_strategy("valence-arousal", data, folder=Path("never"))
    with pytest.raises(UnknownNameError):
        learn_strategy("seventh", data, folder=Path("never"))


@pytest.fixture
def sounding(tmp_path) -> SentenceMusic:
    """The same with sounds: tones of a pitch for each mood."""
    data, tracks, seconds = made_up(6), [], np.arange(48_000) / 16_000
    for number, track in enumerate(data.tracks):
        pitch = 220 * (1 + MOODS.index(data.moods[track.track_id]))
        path = tmp_path / f"{track.track_id}.wav"
        noise = 0.01 * np.random.default_rng(number).standard_normal(len(seconds))
        soundfile.write(path, 0.3 * np.sin(2 * np.pi * pitch * seconds) + noise, 16_000)
        tracks.append(dataclasses.replace(track, audio=path))
    return dataclasses.replace(data, tracks=tuple(tracks))


@pytest.mark.slow
def test_encoders_go_on_learning_and_are_saved_with_what_they_learned(sounding, tiny_distilbert, tmp_path):
    reading = TokenReading(pooling="first", unit_length=False, n_tokens=16, overlap=4)
    small = {"n_channels": 2, "n_mels": 32, "n_samples": 24_000, "hop_length": 64}
    config = dataclasses.replace(
        QUICK,
        text=TextBranch(model=str(tiny_distilbert), reading=reading, learn=True),
        audio=AudioBranch(encoder=None, options=small, n_excerpts=1),
        training=TrainingConfig(epochs=1, learning_rate=1e-3, accelerator="cpu", loaders=0),
    )
    retriever = learn_strategy("two-branch", sounding, config, folder=tmp_path / "run", seed=0)
    texts, songs = ["the happy night"], sounding.songs("test")[:2]
    retriever.save(tmp_path / "kept")
    again = SentenceRetriever.load(tmp_path / "kept")
    np.testing.assert_allclose(again.scores(texts, songs), retriever.scores(texts, songs), atol=1e-6)
    untrained = open_texts(sounding.sentences.sentences, TextBranch(model=str(tiny_distilbert), reading=reading),
                           tmp_path / "vectors", tell=lambda _: None)  # fmt: skip
    assert untrained.finish(torch.nn.Identity()).fingerprint != again.encoders["text"].fingerprint


def test_what_stays_as_it_is_is_read_once(sounding, tiny_distilbert, tmp_path):
    reading = TokenReading(n_tokens=16, overlap=4)
    told: list[str] = []
    for _ in range(2):
        branch = open_texts(sounding.sentences.sentences, TextBranch(model=str(tiny_distilbert), reading=reading),
                            tmp_path, tell=told.append)  # fmt: skip
    assert told == ["text: vectors of 18 items"]
    assert branch.view.presence.all()


def test_a_trained_tagger_goes_on_learning(sounding, small_model, tmp_path):
    small_model.save(tmp_path / "tagger")
    config = AudioBranch(encoder=str(tmp_path / "tagger"), learn=True, n_excerpts=1)
    branch = open_songs(sounding.tracks, config, tmp_path, seed=0, tell=lambda _: None)
    before = {name: one.clone() for name, one in small_model.network.encoder.state_dict().items()}
    trunk = branch.view.network
    assert all(torch.equal(one, before[name]) for name, one in trunk.tagger.encoder.state_dict().items())
    assert branch.view.presence.tolist() == [track.split != "test" for track in sounding.tracks]
    with torch.no_grad():
        next(trunk.parameters()).add_(1)
    assert torch.equal(next(iter(small_model.network.encoder.state_dict().values())), next(iter(before.values())))
    assert branch.finish(trunk).embed_dim == small_model.embed_dim


def test_of_a_long_text_some_pieces_are_learned_and_all_are_read(tiny_distilbert):
    reading = TokenReading(n_tokens=8, overlap=0)
    sentences = SentenceEncoder.load(tiny_distilbert, reading=reading)
    view = LanguageView(sentences, ["a sad song " * 30, "a happy day", " "])
    assert view.presence.tolist() == [True, True, False]
    tokens = view.learn(np.array([0, 1]), seed=(1,))
    assert tokens.shape == (2, 4, 2, 8)  # texts, pieces, numbers and masks, tokens
    assert tokens[1, 1:].sum() == 0
    whole = view.represent(sentences.network.eval(), np.array([0, 1]))
    np.testing.assert_allclose(whole, sentences.encode(["a sad song " * 30, "a happy day"]), atol=1e-6)


def test_a_split_without_songs_is_refused_before_anything_is_read():
    data = made_up()
    without = dataclasses.replace(data, tracks=tuple(one for one in data.tracks if one.split != "valid"))
    with pytest.raises(ConfigError, match="0 songs of the split valid can be used"):
        learn_strategy("two-branch", without, folder=Path("never"))
