"""A generated catalogue whose every fact is known: music, covers, texts, tags and listens of artists that never were.

It serves the demo, the tests and studies. The facts of a world are drawn in ``latent``, with its words in ``names``,
``texts`` and ``tags``; ``composition`` writes the music, ``synthesis``, ``drums`` and ``rendering`` sound it,
``covers`` draws, ``listeners`` play it, and ``generate`` stores all of it as a catalogue. Catalogues themselves are in
``tutti.data.catalogue``; real data sets are not here.
"""
