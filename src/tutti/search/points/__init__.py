"""Where a catalogue's tracks lie in spaces: placing them, keeping their points, and finding the nearest.

Spaces are made in ``tutti.models`` and ``tutti.training``; what a query does with points is ``tutti.search``'s matter.
"""
