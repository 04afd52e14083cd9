"""Words about music: their spelling, what they mean, how much they weigh, whom they name, and sentence vectors.

Here: ``documents`` (what of a text is read), ``terms`` (words and their weights), ``entities`` (whom and what a text
speaks of), ``spelling`` (plain forms of words and their nearest neighbours), ``thesaurus`` (terms of music, their
synonyms and what they sound like), ``vocabulary`` (labels of models as terms), ``phrases`` (queries taken apart),
``passages`` (long texts in pieces), ``languages`` (whether a text is English), ``sentences`` (a sentence encoder, with
``kept_vectors``), ``lexicon`` (names as weights of what is heard), ``word_vectors`` (with ``word_vector_files`` and
``word_training``), ``tag_vectors`` (any tag to a vector, with ``known_tags`` and ``acronyms``), ``tab_separated``
(users' tables). Not here: how a query is understood (``tutti.search.meaning``).
"""
