"""Pictures: reading cover art safely, keeping it, making it small, making it a network's input.

Which picture belongs to which track is found in ``tutti.data``, which also keeps small ones for training; what a model
sees in one is ``tutti.models.covers``' business, and where it looks ``tutti.explain.cover_maps``'.
"""
