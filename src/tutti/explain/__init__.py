"""Why a tagger says what it says: where in time and frequency it listens, tag by tag, as numbers and as pictures.

Here live taggrams, gradient class-activation maps, attention and contribution maps, learned filters, words that speak
for a score, and their drawing as figures and as a page with a player. Not here: what a model predicts
(``tutti.models``), how good it is (``tutti.evaluation``), pages on catalogues (``tutti.serve``).
"""
