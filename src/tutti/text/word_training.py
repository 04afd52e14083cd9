"""Word vectors of our own: training on music text, with phrases of two and three words as words of their own.

Training is gensim's, with one worker, so that the same texts and seed give the same vectors. Whose texts these are is
for ``tutti.data.music_texts`` to say.

References:
    Mikolov et al., "Distributed representations of words and phrases and their compositionality", NIPS 2013.
    Won, Oramas, Nieto, Gouyon, Serra, "Multimodal metric learning for tag-based music retrieval", ICASSP 2021, section
    on word vectors: 300 dimensions, a window of 10, uni-, bi- and trigrams; the rest is not told.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal, cast, get_args

import numpy as np

from tutti.errors import ConfigError, import_extra, unknown_name
from tutti.text.documents import SENTENCE_END
from tutti.text.spelling import plain
from tutti.text.word_vectors import WordVectors

PURPOSE = "training word vectors"
LONGEST_LINE = 1 << 20  # bytes; a longer line is read in pieces
LONGEST_SENTENCE = 1000  # words; gensim reads at most ten times as many
GZIP = b"\x1f\x8b"
Algorithm = Literal["skipgram", "cbow"]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class WordTrainingConfig:
    """How word vectors are trained.

    Attributes:
        embed_dim: Dimensions.
        window: Words to either side that a word is to foretell.
        min_count: Rarer words and phrases are left out.
        n_words: Of the vocabulary at most, about.
        longest_phrase: 1 for single words, 2 and 3 with phrases, of which ``of``, ``and`` and the like do not count.
        phrase_threshold: How much more often than by chance the parts of a phrase must stand together.
        algorithm: ``skipgram``, which is better where there is little text, or ``cbow``, which is faster.
        n_negatives: Words drawn for each word that was there.
        n_epochs: Passes over the text.
        seed: Of the first vectors and of all draws.
    """

    embed_dim: int = 300
    window: int = 10
    min_count: int = 5
    n_words: int = 200_000
    longest_phrase: int = 3
    phrase_threshold: float = 10.0
    algorithm: Algorithm = "skipgram"
    n_negatives: int = 5
    n_epochs: int = 5
    seed: int = 0

    def __post_init__(self) -> None:
        if self.algorithm not in get_args(Algorithm):
            raise unknown_name("algorithm of word vectors", self.algorithm, get_args(Algorithm))
        for name in ("embed_dim", "window", "min_count", "n_words", "n_negatives", "n_epochs", "phrase_threshold"):
            if getattr(self, name) <= 0:
                raise ConfigError(f"{name}={getattr(self, name):g} is not positive", hint="give a positive number")
        if self.longest_phrase not in (1, 2, 3):
            raise ConfigError(f"phrases of {self.longest_phrase} words cannot be learned", hint="give 1, 2 or 3")
        if self.seed < 0:
            raise ConfigError(f"seed={self.seed} is negative", hint="give 0 or more")


class Corpus:
    """Sentences as lists of plain words, read again for each pass.

    Args:
        texts: In memory.
        files: Of text in UTF-8, gzipped or not, read line by line: of any size.
    """

    def __init__(self, texts: Sequence[str] = (), files: Sequence[Path] = ()) -> None:
        self._texts, self._files = texts, tuple(map(Path, files))

    def __iter__(self) -> Iterator[list[str]]:
        for text in self._texts:
            yield from _sentences(text)
        for path in self._files:
            for line in _lines(path):
                yield from _sentences(line)


def train_word_vectors(
    corpus: Iterable[Sequence[str]], config: WordTrainingConfig | None = None, *, progress: Progress | None = None
) -> WordVectors:
    """Word vectors of a corpus, the most frequent words first; phrases are written with underscores.

    Args:
        corpus: Sentences as lists of words; it is passed several times, so a list or a :class:`Corpus`, no generator.
        config: Sizes and seed.
        progress: Receives passes done and all of them.

    Raises:
        MissingExtraError: gensim is not installed.
        ConfigError: There is too little text: no word occurs ``min_count`` times, or a file cannot be read.
    """
    config = config or WordTrainingConfig()
    models = import_extra("gensim.models", extra="words", purpose=PURPOSE)
    callbacks = import_extra("gensim.models.callbacks", extra="words", purpose=PURPOSE)
    sentences = _with_phrases(corpus, config)
    model = models.Word2Vec(
        vector_size=config.embed_dim,
        window=config.window,
        min_count=config.min_count,
        max_final_vocab=config.n_words,
        sg=int(config.algorithm == "skipgram"),
        negative=config.n_negatives,
        seed=config.seed,
        workers=1,  # more would race, and no two runs be the same
    )
    model.build_vocab(sentences)
    if not len(model.wv) or model.corpus_total_words == 0:
        raise ConfigError(
            f"no word occurs {config.min_count} times in these texts", hint="give more text, or lower min_count"
        )

    n_epochs = config.n_epochs

    class Report(callbacks.CallbackAny2Vec):  # type: ignore[misc, name-defined]
        n_done = 0

        def on_epoch_end(self, _: Any) -> None:
            self.n_done += 1
            if progress is not None:
                progress(self.n_done, n_epochs)

    model.train(sentences, total_examples=model.corpus_count, epochs=n_epochs, callbacks=[Report()])
    return WordVectors(model.wv.index_to_key, np.asarray(model.wv.vectors, dtype=np.float32), name="own word vectors")


def _with_phrases(corpus: Iterable[Sequence[str]], config: WordTrainingConfig) -> Any:
    """The corpus with words that belong together as one: after one pass two of them, after two passes three."""
    phrases = import_extra("gensim.models.phrases", extra="words", purpose=PURPOSE)
    sentences: Any = corpus
    for longest in range(2, config.longest_phrase + 1):
        found = phrases.Phrases(
            sentences,
            min_count=config.min_count,
            threshold=config.phrase_threshold,
            connector_words=phrases.ENGLISH_CONNECTOR_WORDS,
        )
        sentences = _Joined(found.freeze(), sentences, longest=longest)
    return sentences


class _Joined:
    """Sentences with phrases, no longer than asked for, joined anew at each pass."""

    def __init__(self, phrases: Any, sentences: Iterable[Sequence[str]], *, longest: int) -> None:
        self._phrases, self._sentences, self._longest = phrases, sentences, longest

    def __iter__(self) -> Iterator[list[str]]:
        for sentence in self._sentences:
            words = list(sentence)
            yield [word for joined in self._phrases[words] for word in self._apart(joined, words)]

    def _apart(self, joined: str, words: list[str]) -> list[str]:
        """A phrase, or its parts where it has become too long; takes its parts off the words."""
        parts = [words.pop(0)]
        while len("_".join(parts)) < len(joined):
            parts.append(words.pop(0))
        n_words = sum(word not in self._phrases.connector_words for word in joined.split("_"))
        return parts if n_words > self._longest else [joined]


def _sentences(text: str) -> Iterator[list[str]]:
    for sentence in SENTENCE_END.split(text):
        words = plain(sentence).split()
        for begin in range(0, len(words), LONGEST_SENTENCE):
            yield words[begin : begin + LONGEST_SENTENCE]


def _lines(path: Path) -> Iterator[str]:
    try:
        with path.open("rb") as raw:
            is_gzipped = raw.read(2) == GZIP
            raw.seek(0)
            file = cast("IO[bytes]", gzip.GzipFile(fileobj=raw) if is_gzipped else raw)
            while line := file.readline(LONGEST_LINE):
                if b"\x00" in line:
                    raise ConfigError(f"{path} is no text", hint="give files of text in UTF-8")
                yield line.decode("utf-8", "replace")
    except (OSError, EOFError, zlib.error) as cause:
        reason = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
        raise ConfigError(f"the text {path} cannot be read: {reason.lower()}", hint="give files of text") from None
