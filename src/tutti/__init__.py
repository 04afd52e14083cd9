"""Tutti: music that is heard, seen, read and listened to.

>>> import tutti
>>> model = tutti.load_model("musicnn-mtat")  # doctest: +SKIP
>>> model.predict("song.mp3")  # doctest: +SKIP
"""

__version__ = "0.1.0"
