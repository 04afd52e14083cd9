"""Models: architectures, their bundles on disk, the zoo of published checkpoints, and the one way to infer.

Front ends live in ``tutti.audio``, how a model is trained in ``tutti.training``, and how well it does in
``tutti.evaluation``. Models return logits; probabilities are made where a person reads them.
"""
