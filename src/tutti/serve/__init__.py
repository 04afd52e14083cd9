"""Pages for people: the report of a catalogue, and with time the web page and its HTTP interface.

Nothing is ranked, scored or predicted here: ``tutti.search``, ``tutti.evaluation`` and ``tutti.models`` do that, and
this room shows what they found.
"""
