"""Pictures: reading cover art safely, keeping it, making it small.

Which picture belongs to which track is found in ``tutti.data``; what a model sees in one will be ``tutti.models``.
"""
