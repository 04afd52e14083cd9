"""Words about music: their spelling, what they mean, how much they weigh, whom they name, and sentence vectors.

Here: ``documents`` (what of a text is read), ``terms`` (words and their weights), ``entities`` (whom and what a text
speaks of), ``spelling`` (plain forms of words and their nearest neighbours), ``thesaurus`` (terms of music, their
synonyms and what they sound like), ``sentences`` (a sentence encoder), ``tab_separated`` (users' tables). Not here:
what a catalogue's models can say (``tutti.search.vocabulary``) and how a query is understood
(``tutti.search.queries``).
"""
