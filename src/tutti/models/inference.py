"""From recordings to predictions: the one way for the command line, the API, the index and evaluation.

Each recording is decoded once for all models. Excerpts of different recordings share batches, and all batches of a
model have the same shape (the last is filled up with zeros), so that a recording's result does not depend on its
company. Nor does it depend on the number of processors: each batch is computed by one thread, several batches at once.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tutti.audio.excerpts import Excerpts, ExcerptSpec, Heard, listen
from tutti.audio.recording import Recording
from tutti.errors import AudioError, TuttiError

if TYPE_CHECKING:
    from tutti.models.bundles import ModelTask
    from tutti.models.model import Model
    from tutti.models.tagger import Tagger

# A processor is fastest while what is in the making fits its caches, an accelerator while it has much to do at once.
CPU_BATCH_SECONDS = 8.0
BATCH_SECONDS = 64.0
MAX_BATCH = 16


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one model said of one recording.

    Attributes:
        probabilities: Shape (labels,); with ``keep_excerpts`` (excerpts, labels). float32.
        vectors: Shape (embed_dim,); with ``keep_excerpts`` (excerpts, embed_dim). float32.
        n_excerpts: How many were heard.
    """

    probabilities: NDArray[np.float32]
    vectors: NDArray[np.float32]
    n_excerpts: int


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """What all models said of one recording, or why it could not be heard.

    Attributes:
        recording: The recording.
        results: By model name; empty after a failure.
        heard: Length, peak and damage of the sound; None after a failure.
        failure: The error, or None.
    """

    recording: Recording
    results: dict[str, Result] = field(default_factory=dict)
    heard: Heard | None = None
    failure: TuttiError | None = None

    @property
    def refusal(self) -> TuttiError | None:
        """Why nothing should be said of the recording: it failed, or it is silent; None where neither."""
        if self.failure is None and self.heard is not None and self.heard.is_silent:
            hint = "leave it out, or write it anew"
            return AudioError(f"{self.recording.key} is silent: {self.heard.silence}", hint=hint)
        return self.failure


@dataclass(kw_only=True)
class StageSeconds:
    """Time spent in each stage, in seconds, summed over threads."""

    decode: float = 0.0
    frontend: float = 0.0
    model: float = 0.0


def analyse(
    recordings: Iterable[Recording],
    models: Sequence[Model],
    *,
    jobs: int = 0,
    keep_excerpts: bool = False,
    seconds: StageSeconds | None = None,
) -> Iterator[Analysis]:
    """Let models listen to recordings.

    Args:
        recordings: Taken one by one, so they may be many.
        models: Different names, any sample rates and excerpt lengths.
        jobs: Threads that decode while the models compute; 0 does one after the other.
        keep_excerpts: Give one row an excerpt instead of the average.
        seconds: Where to add up the time spent.

    Yields:
        One analysis a recording, in the order in which they are complete. A recording that fails is among them.
    """
    seconds = seconds if seconds is not None else StageSeconds()
    specs = [model.config.excerpt_spec for model in models]
    with _computing.workers() as pool:
        desks = [_Desk(model, seconds, pool, keep_excerpts=keep_excerpts) for model in models]
        events = _events_in_threads(recordings, specs, jobs) if jobs else _events(recordings, specs)
        for hearing, event, decode_seconds in events:
            seconds.decode += decode_seconds
            if isinstance(event, Excerpts):
                for desk in desks:
                    if desk.model.config.excerpt_spec == event.spec:
                        yield from _done(desk.take(hearing, event.waveforms))
                continue
            hearing.end = event
            yield from _done([hearing])
        for desk in desks:
            yield from _done(desk.finish())


def batch_size(excerpt_seconds: float, *, device: str) -> int:
    """How many excerpts of this length a network hears at once: a power of two.

    >>> batch_size(3.0, device="cpu"), batch_size(29.1, device="cpu"), batch_size(3.0, device="cuda")
    (2, 1, 16)
    """
    seconds = CPU_BATCH_SECONDS if device == "cpu" else BATCH_SECONDS
    return max(1, min(MAX_BATCH, 1 << int(np.log2(max(1.0, seconds / excerpt_seconds)))))


@dataclass(frozen=True, kw_only=True)
class _Pool:
    """Threads that compute batches."""

    threads: ThreadPoolExecutor
    n_threads: int


class _Computing:
    """Lends out threads in which torch computes with one thread each, and in the end restores its settings.

    Several threads in one operation wait for each other, and busily, which costs more than it gains wherever decoders
    or other programs want the processors too. The setting holds for the whole process: hence the count of borrowers.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._n_borrowers = 0
        self._n_threads = 1

    @contextlib.contextmanager
    def workers(self) -> Iterator[_Pool]:
        """As many threads as torch would use."""
        with self._lock:
            if not self._n_borrowers:
                self._n_threads = torch.get_num_threads()
            self._n_borrowers += 1
            torch.set_num_threads(1)
        try:
            with ThreadPoolExecutor(self._n_threads, "tagger", initializer=lambda: torch.set_num_threads(1)) as threads:
                yield _Pool(threads=threads, n_threads=self._n_threads)
        finally:
            with self._lock:
                self._n_borrowers -= 1
                if not self._n_borrowers:
                    torch.set_num_threads(self._n_threads)


_computing = _Computing()


class _Answers:
    """What a model has said of a recording's excerpts so far: their sum, or all of them where they are to be kept."""

    def __init__(self, *, keep_excerpts: bool) -> None:
        self._keep_excerpts = keep_excerpts
        self._n_excerpts = 0
        self._rows: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []
        self._sums: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None

    def add(self, probabilities: NDArray[np.float32], vector: NDArray[np.float32]) -> None:
        """Take one excerpt's."""
        self._n_excerpts += 1
        if self._keep_excerpts:
            self._rows.append((probabilities, vector))
        elif self._sums is None:
            self._sums = probabilities.astype(np.float64), vector.astype(np.float64)
        else:
            for total, term in zip(self._sums, (probabilities, vector), strict=True):
                total += term

    def result(self) -> Result:
        """All of them, or their average."""
        if self._keep_excerpts:
            probabilities, vectors = (np.stack(column) for column in zip(*self._rows, strict=True))
        else:
            assert self._sums is not None
            probabilities, vectors = ((total / self._n_excerpts).astype(np.float32) for total in self._sums)
        return Result(probabilities=probabilities, vectors=vectors, n_excerpts=self._n_excerpts)


@dataclass(eq=False)
class _Hearing:
    """A recording on its way through the models."""

    recording: Recording
    end: Heard | TuttiError | None = None
    n_waiting: int = 0  # excerpts taken that no model has answered yet
    is_given: bool = False
    answers: dict[str, _Answers] = field(default_factory=dict)


def _done(hearings: Iterable[_Hearing]) -> Iterator[Analysis]:
    for hearing in hearings:
        if hearing.is_given or hearing.end is None:
            continue
        if isinstance(hearing.end, TuttiError):
            hearing.is_given = True
            yield Analysis(recording=hearing.recording, failure=hearing.end)
        elif hearing.n_waiting == 0:
            hearing.is_given = True
            results = {name: answers.result() for name, answers in hearing.answers.items()}
            yield Analysis(recording=hearing.recording, results=results, heard=hearing.end)


@dataclass(frozen=True, kw_only=True)
class _Computed:
    """A batch's answers, and what they took."""

    probabilities: NDArray[np.float32]
    vectors: NDArray[np.float32]
    frontend_seconds: float
    model_seconds: float


class _Desk:
    """One model, the excerpts that wait for its next batch, and the batches under way."""

    def __init__(self, model: Model, seconds: StageSeconds, pool: _Pool, *, keep_excerpts: bool) -> None:
        self.model = model
        self._seconds = seconds
        self._pool = pool
        self._keep_excerpts = keep_excerpts
        device = model.network.device
        self._batch_size = batch_size(model.n_samples / model.sample_rate, device=device.type)
        self._waiting: deque[tuple[_Hearing, NDArray[np.float32]]] = deque()
        self._under_way: deque[tuple[list[_Hearing], Future[_Computed]]] = deque()

    def take(self, hearing: _Hearing, waveforms: NDArray[np.float32]) -> list[_Hearing]:
        """Queue excerpts; give the hearings that finished batches have moved on."""
        self._waiting.extend((hearing, waveform) for waveform in waveforms)
        hearing.n_waiting += len(waveforms)
        hearing.answers.setdefault(self.model.name, _Answers(keep_excerpts=self._keep_excerpts))
        moved = []
        while len(self._waiting) >= self._batch_size:
            self._submit()
            moved += self._collect(2 * self._pool.n_threads)
        return moved

    def finish(self) -> list[_Hearing]:
        """Compute what still waits."""
        if self._waiting:
            self._submit()
        return self._collect(0)

    def _submit(self) -> None:
        turn = [self._waiting.popleft() for _ in range(min(self._batch_size, len(self._waiting)))]
        batch = np.zeros((self._batch_size, self.model.n_samples), dtype=np.float32)
        for i, (_, waveform) in enumerate(turn):
            batch[i] = waveform
        computing = self._pool.threads.submit(_compute, self.model.folded_network, batch, task=self.model.config.task)
        self._under_way.append(([hearing for hearing, _ in turn], computing))

    def _collect(self, n_left: int) -> list[_Hearing]:
        """The hearings of batches in their order, until only so many batches are under way."""
        moved = []
        while len(self._under_way) > n_left or (self._under_way and self._under_way[0][1].done()):
            hearings, computing = self._under_way.popleft()
            computed = computing.result()
            for hearing, *answer in zip(hearings, computed.probabilities, computed.vectors, strict=False):
                hearing.answers[self.model.name].add(*answer)
                hearing.n_waiting -= 1
            self._seconds.frontend += computed.frontend_seconds
            self._seconds.model += computed.model_seconds
            moved += hearings
        return moved


def _compute(network: Tagger, batch: NDArray[np.float32], *, task: ModelTask) -> _Computed:
    device = network.device
    began = time.perf_counter()
    with torch.inference_mode():
        features = network.frontend(torch.from_numpy(batch).to(device))
        framed = time.perf_counter()
        representation = network.encoder(features)
        logits = network.classify(representation)
    vectors = representation.float().cpu().numpy()
    probabilities = to_probabilities(logits.cpu(), task=task).numpy()
    return _Computed(
        probabilities=probabilities,
        vectors=vectors,
        frontend_seconds=framed - began,
        model_seconds=time.perf_counter() - framed,
    )


def to_probabilities(logits: Tensor, *, task: ModelTask) -> Tensor:
    """Logits to probabilities ``[batch, labels]``: each label for itself or, with ``classes``, all sharing one.

    With ``values`` they are what the model was asked for, and stay.
    """
    if task == "values":
        return logits.float()
    # In single precision, the last bit of torch's sigmoid depends on a number's place in the batch.
    exact = logits.double()
    return (torch.softmax(exact, dim=1) if task == "classes" else torch.sigmoid(exact)).float()


_Event = tuple[_Hearing, Excerpts | Heard | TuttiError, float]


def _events(recordings: Iterable[Recording], specs: Sequence[ExcerptSpec]) -> Iterator[_Event]:
    """What is heard of one recording after the other, each with the seconds that decoding took."""
    for recording in recordings:
        yield from _hear(recording, specs)


def _hear(recording: Recording, specs: Sequence[ExcerptSpec]) -> Iterator[_Event]:
    hearing = _Hearing(recording)
    listening = listen(recording, specs)
    while True:
        began = time.perf_counter()
        try:
            item = next(listening, None)
        except TuttiError as error:
            yield hearing, error, time.perf_counter() - began
            return
        except Exception as error:  # a decoder's surprise must not end the run; it is reported like any other failure
            surprise = AudioError(
                f"{recording.key} cannot be decoded: {type(error).__name__}: {error}",
                hint="check that the file is whole",
            )
            yield hearing, surprise, time.perf_counter() - began
            return
        if item is None:
            return
        yield hearing, item, time.perf_counter() - began


def _events_in_threads(recordings: Iterable[Recording], specs: Sequence[ExcerptSpec], jobs: int) -> Iterator[_Event]:
    """The same from several threads, which wait when the models fall behind."""
    source = iter(recordings)
    source_lock = threading.Lock()
    ready: queue.Queue[_Event | BaseException | None] = queue.Queue(maxsize=2 * jobs)
    stopped = threading.Event()

    def put(item: _Event | BaseException | None) -> None:
        while not stopped.is_set():
            try:
                ready.put(item, timeout=0.1)
                break
            except queue.Full:
                continue

    def work() -> None:
        try:
            while not stopped.is_set():
                with source_lock:
                    recording = next(source, None)
                if recording is None:
                    break
                for event in _hear(recording, specs):
                    put(event)
            put(None)
        except BaseException as error:  # from the iterable itself: raised again where the results are read
            put(error)

    threads = [threading.Thread(target=work, daemon=True, name=f"decoder-{i}") for i in range(jobs)]
    for thread in threads:
        thread.start()
    try:
        n_working = jobs
        while n_working:
            item = ready.get()
            if item is None:
                n_working -= 1
            elif isinstance(item, BaseException):
                raise item
            else:
                yield item
    finally:
        stopped.set()
        for thread in threads:
            thread.join()
