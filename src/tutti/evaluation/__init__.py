"""Scores: how good predictions are, with how much certainty, said in one report.

Here live metrics (arrays in, numbers out), their intervals, reports, the evaluation of a model over a catalogue, the
study of what deformed sounds do to it (``robustness``), and probes, which ask what its vectors know (``probing``). Not
here: training (``tutti.training``), what a model predicts (``tutti.models``), what the true labels of a track are
(``tutti.data.labels``).
"""
