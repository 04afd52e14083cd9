"""Which picture is a track's cover.

First the one inside the sound file; else a picture beside it with the same name (``song.jpg`` to
``song.mp3``); else the folder's: ``cover``, ``folder``, ``front`` or ``album``, in this order. A broken
picture is reported, and the next one is taken. Reading pictures is ``tutti.image.covers``' work.
"""

from __future__ import annotations

import os
from pathlib import Path

from tutti.data.track import Problem
from tutti.errors import ImageError
from tutti.image.covers import read_cover, store_cover

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
FOLDER_NAMES = ("cover", "folder", "front", "album")


class CoverFinder:
    """Finds covers for the tracks of a catalogue. It remembers what it saw, so make one for each run.

    Attributes:
        covers: The folder where pictures from inside sound files are kept.
    """

    def __init__(self, covers: Path) -> None:
        self.covers = covers
        self._listings: dict[Path, dict[str, Path]] = {}
        self._checked: dict[Path, ImageError | None] = {}

    def find(self, sound: Path, embedded: bytes | None) -> tuple[Path | None, Problem | None]:
        """The cover of a sound file, and what was wrong with a picture that was tried.

        Args:
            sound: The sound file.
            embedded: The picture inside it, if any.

        Returns:
            The picture's file or None, and the first problem or None. The problem's path is the sound's for
            the picture inside it, else the picture's own.

        Raises:
            OSError: A picture cannot be kept.
        """
        problem: Problem | None = None
        if embedded is not None:
            try:
                return store_cover(embedded, self.covers), None
            except ImageError as cause:
                problem = Problem(path=sound, kind="cover", reason=cause.message, skipped=False)
        for picture in self._beside(sound):
            error = self._check(picture)
            if error is None:
                return picture, problem
            problem = problem or Problem(path=picture, kind="cover", reason=error.message, skipped=False)
        return None, problem

    def _beside(self, sound: Path) -> list[Path]:
        pictures = self._pictures(sound.parent)
        stems = (sound.stem.casefold(), *FOLDER_NAMES)
        names = [stem + suffix for stem in stems for suffix in SUFFIXES]
        return [pictures[name] for name in names if name in pictures]

    def _pictures(self, folder: Path) -> dict[str, Path]:
        """Pictures of a folder by their names in small letters."""
        if folder not in self._listings:
            try:
                names = sorted(os.listdir(folder))  # noqa: PTH208
            except OSError:
                names = []
            self._listings[folder] = {
                name.casefold(): folder / name for name in names if name.casefold().endswith(SUFFIXES)
            }
        return self._listings[folder]

    def _check(self, picture: Path) -> ImageError | None:
        if picture not in self._checked:
            try:
                read_cover(picture)
                self._checked[picture] = None
            except ImageError as error:
                self._checked[picture] = error
        return self._checked[picture]
