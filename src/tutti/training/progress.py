"""How far a training run is, on stderr. What went on is in the run's ``metrics.csv``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn


@dataclass(frozen=True)
class ShownSteps:
    """A bar of steps."""

    progress: Progress
    task: TaskID

    def advance(self) -> None:
        """One step more is done."""
        self.progress.advance(self.task)

    def advance_to(self, n_done: int, n_steps: int | None = None) -> None:
        """So many steps are done, of so many where that was not known before."""
        self.progress.update(self.task, completed=n_done, total=n_steps)

    def describe(self, text: str) -> None:
        """What stands before the bar."""
        self.progress.update(self.task, description=text)


@contextmanager
def steps_shown(n_steps: int, *, done: int, quiet: bool) -> Iterator[ShownSteps]:
    """Show a bar of so many steps for as long as the block lasts.

    Args:
        n_steps: In all.
        done: Of an earlier run.
        quiet: Show nothing.
    """
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), disable=quiet) as progress:
        yield ShownSteps(progress, progress.add_task("training", total=n_steps, completed=done))


@contextmanager
def shown_when_told(*, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """A function that is told how much of how much is done; the bar appears when it is first told.

    Args:
        quiet: Show nothing.
    """
    shown: list[ShownSteps] = []
    with ExitStack() as stack:

        def tell(n_done: int, n_all: int) -> None:
            if not shown:
                shown.append(stack.enter_context(steps_shown(n_all, done=0, quiet=quiet)))
                shown[0].describe("tracks")
            shown[0].advance_to(n_done, n_all)

        yield tell
