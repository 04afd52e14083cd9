"""Indexing a folder of music and searching a catalogue: by words, by a sound, by a condition.

The tables are kept in ``tutti.data``, the vectors and probabilities come from ``tutti.models``, and what words mean
the same is known in ``tutti.text``. Where tracks lie in spaces is in ``points``. Pages for people are drawn in
``tutti.serve``; ranking is decided here.
"""
