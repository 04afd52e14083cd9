"""Embeddings of other programs' networks, behind the protocol of every encoder (``tutti.models.encoders``).

``onnx_files`` runs a network from a file that the user has; ``sounds`` makes an encoder of one: VGGish, YAMNet, OpenL3,
and ``pictures``: VGG16, ResNet-50, OpenL3; ``networks`` knows all their names. ``projected`` puts a space or principal
components behind any encoder. The networks' spectrograms are in ``tutti.audio.patches``. Our own taggers are encoders
already (``tutti.models.sound_encoders``), and so are ResNets through transformers (``tutti.models.covers``). No weights
are shipped or fetched here.
"""
