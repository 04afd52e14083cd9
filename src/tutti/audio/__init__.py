"""Sound: reading files, resampling, cutting excerpts, and the front ends that turn waveforms into spectrograms.

Also what changes sounds: augmentation of training excerpts (``augmentation``, with its effects in ``filters``,
``pitch_shift`` and ``reverberation``), and the deformations of a robustness study (``deformations``).

No model lives here (``tutti.models``), nor the facts about a track and where its file lies (``tutti.data``).
Nobody else decodes a file, cuts an excerpt or computes a spectrogram.
"""
