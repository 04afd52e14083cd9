"""What tests of every room share: reference material, sounds made on the spot, few threads, no network."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("MPLBACKEND", "agg")

import numpy as np
import pytest
import soundfile
import torch

if TYPE_CHECKING:
    from tutti.data.catalogue import Catalogue
    from tutti.models.model import Model
    from tutti.models.multimodal import MultimodalModel

ROOT = Path(__file__).parents[1]
SAMPLE_RATE = 22_050
LOOPBACK = ("127.", "::1", "localhost")

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference material beside the checkout; what reads it is skipped where it is absent."""
    folder = Path(os.environ.get("TUTTI_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"there is no reference material in {folder}")
    return folder


@pytest.fixture
def sine_wav(tmp_path: Path) -> Path:
    """Two seconds of a 440 Hz sine, mono, 22.05 kHz, 16-bit."""
    times = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    path = tmp_path / "sine.wav"
    soundfile.write(path, 0.5 * np.sin(2 * np.pi * 440 * times), SAMPLE_RATE)
    return path


@pytest.fixture
def noise_wav(tmp_path: Path) -> Path:
    """Three seconds of seeded white noise, stereo, 22.05 kHz, 16-bit."""
    path = tmp_path / "noise.wav"
    soundfile.write(path, 0.1 * np.random.default_rng(0).standard_normal((3 * SAMPLE_RATE, 2)), SAMPLE_RATE)
    return path


@pytest.fixture(scope="session")
def small_model() -> Model:
    """A tagger with random weights that hears excerpts of half a second at 8 kHz."""
    from tutti.models.bundles import Excerpting, ModelConfig
    from tutti.models.model import Model
    from tutti.models.taggers import build_tagger

    options = {"n_channels": 4, "n_mels": 32, "sample_rate": 8000, "n_samples": 4000}
    labels = ("low", "high", "noisy")
    config = ModelConfig(
        name="small",
        architecture="short_chunk_resnet",
        labels=labels,
        options=options,
        excerpts=Excerpting(count=4),
        base_rates=dict.fromkeys(labels, 0.3),
    )
    torch.manual_seed(0)
    network = build_tagger(config.architecture, len(labels), **options)
    for module in network.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.running_mean.uniform_(-0.5, 0.5)
            module.running_var.uniform_(0.5, 2)
    network.encoder.input_norm.norm.running_mean.fill_(-20)
    network.encoder.input_norm.norm.running_var.fill_(400)
    return Model(config, network)


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """Twelve albums of two tracks, an artist each: six to train on, three to validate by, three to test with.

    Their tags, high or low and calm or lively, can be heard, seen and read. ``1b`` has but a sound, ``2b`` none,
    ``10b`` has no cover and ``11b`` no review.
    """
    from PIL import Image

    from tutti.data.catalogue import Catalogue
    from tutti.data.track import Track

    folder = tmp_path_factory.mktemp("shelf")
    tracks, facts = [], {}
    for album in range(12):
        is_high, is_calm = album % 2 == 1, album // 2 % 2 == 1
        tags = ("high" if is_high else "low", "calm" if is_calm else "lively")
        for side in "ab":
            key = f"{album}{side}"
            rng = np.random.default_rng((album, ord(side)))
            tone = np.sin(2 * np.pi * (1500 if is_high else 150) * rng.uniform(0.9, 1.1) * np.arange(6000) / 8000)
            soundfile.write(folder / f"{key}.wav", (0.2 if is_calm else 0.8) * tone, 8000)
            red, blue = 255 * is_high, 255 * is_calm
            Image.new("RGB", (24, 24), (red, int(rng.integers(256)), blue)).save(folder / f"{key}.png")
            review = f"A {tags[1]} record of {tags[0]} tones, number {key}."
            track = Track(
                track_id=key,
                title=f"Song {key}",
                artist=f"Artist {album}",
                album=f"Album {album}",
                audio=None if key == "2b" else folder / f"{key}.wav",
                cover=None if key in ("1b", "10b") else folder / f"{key}.png",
                texts={} if key in ("1b", "11b") else {"review": review},
                tags=tags,
                split="train" if album < 6 else "valid" if album < 9 else "test",
            )
            tracks.append(track)
            facts[key] = {"valence": float(is_high) + rng.normal(0, 0.1), "arousal": float(not is_calm)}
    catalogue = Catalogue.create(folder / "catalogue")
    catalogue.put_tracks(tracks)
    catalogue.put_facts(facts)
    return catalogue


@pytest.fixture(scope="session")
def bad_shelf(shelf: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """The shelf, and in its test split an album of three tracks for everything that can be wrong with one's files.

    Of each album only the track ``a`` is like that; ``b`` has but a good sound, ``c`` but a good review. ``lost`` is a
    track whose only file is damaged.
    """
    import struct
    import zlib

    from PIL import Image

    from tutti.data.catalogue import Catalogue
    from tutti.data.track import Track
    from tutti.text.documents import decoded

    folder, good = tmp_path_factory.mktemp("bad"), shelf.track("9a")
    drawn = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    Image.new("RGB", (1, 1), "green").save(folder / "pixel.png")
    drawn.convert("CMYK").save(folder / "print.jpg")
    drawn.save(folder / "animated.gif", save_all=True, append_images=[Image.new("RGB", (64, 64))])
    drawn.save(folder / "cut.jpg")
    (folder / "cut.jpg").write_bytes((folder / "cut.jpg").read_bytes()[:1500])

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0))
    (folder / "huge.png").write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")))
    (folder / "broken.mp3").write_text("la la la", encoding="utf-8")
    pictures = {one: folder / one for one in ("pixel.png", "huge.png", "print.jpg", "animated.gif", "cut.jpg")}
    texts = {
        "5 megabytes": "A calm record. " * 350_000,
        "empty": "  ",
        "japanese": "静かなピアノの曲。",
        "invalid": decoded(b"A calm r\xe9cord of low tones, \xff\xfe."),
    }
    sounds = {"no sound": None, "broken sound": folder / "broken.mp3"}
    bad: dict[str, dict[str, Any]] = {"no cover": {"cover": None}}
    bad |= {name: {"cover": path} for name, path in pictures.items()}
    bad |= {name: {"texts": {"review": text}} for name, text in texts.items()}
    bad |= {name: {"audio": path} for name, path in sounds.items()}
    tracks = [Track(track_id="lost", audio=folder / "broken.mp3", tags=("low",), split="test")]
    for number, (name, facts) in enumerate(bad.items()):
        tags = ("high", "calm") if number % 2 else ("low", "lively")
        common: dict[str, Any] = {"artist": "Bad", "album": name, "tags": tags, "split": "test"}
        whole = {"audio": good.audio, "cover": good.cover, "texts": good.texts}
        tracks.append(Track(**{"track_id": name, **common, **whole, **facts}))
        tracks.append(Track(track_id=f"{name} b", audio=good.audio, **common))
        tracks.append(Track(track_id=f"{name} c", texts=good.texts, **common))
    catalogue = Catalogue.create(folder / "catalogue")
    catalogue.put_tracks([*shelf.tracks(), *tracks])
    catalogue.put_facts(shelf.facts())
    return catalogue


@pytest.fixture(scope="session")
def shelf_model(shelf: Catalogue, small_model: Model) -> MultimodalModel:
    """A multimodal model of the shelf's tracks that has learned its words, but nothing else: its weights are random."""
    from tutti.data.items import items_of
    from tutti.models.covers import CoverConfig, CoverEncoder, build_cover_network
    from tutti.models.fusion import FusionConfig, build_fusion
    from tutti.models.multimodal import MultimodalConfig, MultimodalModel, Stream
    from tutti.models.readouts import TagReadout
    from tutti.models.sound_encoders import SoundEncoder
    from tutti.models.text_readers import TextReader
    from tutti.models.texts import TextConfig, TextEncoder, build_text_network

    labels = ("low", "high", "calm", "lively")
    reviews = [item.text for item in items_of(shelf.tracks(where="split = 'train'")) if item.text]
    seen, read = CoverConfig(side=32, n_channels=2), TextConfig(widths=(8,), max_share=1.0)
    reader = TextReader(read).fit(reviews)
    torch.manual_seed(0)
    covers = CoverEncoder(seen, build_cover_network(seen))
    texts = TextEncoder(read, reader, build_text_network(read, reader.n_inputs))
    sounds = SoundEncoder(small_model)
    config = MultimodalConfig(
        name="shelf",
        labels=labels,
        streams=(Stream(modality="audio"), Stream(modality="image"), Stream(modality="text")),
        n_outputs=len(labels),
        fusion=FusionConfig(kind="gated", embed_dim=8),
        base_rates=dict.fromkeys(labels, 0.5),
    )
    fusion = build_fusion([one.embed_dim for one in (sounds, covers, texts)], TagReadout(len(labels)), config.fusion)
    return MultimodalModel(config, {"audio": sounds, "image": covers, "text": texts}, fusion)


@pytest.fixture(autouse=True, scope="session")
def no_network() -> Iterator[None]:
    """Let tests talk to this machine only."""
    connect = socket.socket.connect

    def connect_here(sock: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and not str(address[0]).startswith(LOOPBACK):
            raise AssertionError(f"a test reached for the network: {address}")
        connect(sock, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect_here)
        yield


TINY_WORDS = ("a", "slow", "sad", "song", "happy", "fast", "piano", "guitar", "night", "day", "the", "and", "of", "my")


@pytest.fixture(scope="session")
def tiny_distilbert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a DistilBERT of one layer with random weights, which knows a few words and reads 16 tokens."""
    pytest.importorskip("transformers")
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import DistilBertConfig, DistilBertModel, PreTrainedTokenizerFast

    words = {word: number for number, word in enumerate(("[PAD]", "[UNK]", "[CLS]", "[SEP]", *TINY_WORDS))}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    marks = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    folder = tmp_path_factory.mktemp("tiny-distilbert")
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **marks).save_pretrained(folder)
    config = DistilBertConfig(
        vocab_size=len(words), dim=16, n_layers=1, n_heads=2, hidden_dim=32, max_position_embeddings=16
    )
    torch.manual_seed(0)
    DistilBertModel(config).eval().save_pretrained(folder)
    return folder
