"""Play counts, and the factors of users and tracks that explain them.

Who played what how often lies in a catalogue (``tutti.data``) or in a table of one's own; here it becomes a sparse
matrix, and that matrix a vector for each user and each track. How well they recommend is measured in
``tutti.evaluation``; a network that hears a track's factors is trained in ``tutti.training.factor_regression``.
"""
