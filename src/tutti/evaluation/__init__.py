"""Scores: how good predictions are, with how much certainty, said in one report.

Here live metrics (arrays in, numbers out), their intervals, reports, the evaluation of a model over a catalogue, also
where modalities are missing (``multimodal``, ``missing``), the study of what deformed sounds do to it (``robustness``),
probes, which ask what its vectors know (``probing``), maps of them (``maps``), people beside models (``human``). Not
here: training (``tutti.training``), what a model predicts (``tutti.models``), what the true labels of a track are
(``tutti.data.labels``).
"""
