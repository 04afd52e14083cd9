"""Tracks, and catalogues of them: where they come from, how they are stored, and the generated world.

Sounds are decoded in ``tutti.audio`` and pictures opened in ``tutti.image``; models describe tracks in
``tutti.models``; a folder of music is indexed, and a catalogue searched, in ``tutti.search``.
"""
