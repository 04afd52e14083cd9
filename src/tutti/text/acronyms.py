"""Acronyms that people type as tags of music, and what they stand for.

Elsewhere the same letters are a bank or a battalion, so word vectors that were learned from news or the web cannot be
asked for them (``tag_vectors``). Which terms mean the same is in ``thesaurus``.
"""

from __future__ import annotations

from collections.abc import Mapping

# Plain forms (``tutti.text.spelling.plain``), the longer one in words that many vocabularies know.
ACRONYMS: Mapping[str, str] = {
    "aor": "album oriented rock",
    "bgm": "background music",
    "ccm": "contemporary christian music",
    "cpop": "chinese pop",
    "dnb": "drum and bass",
    "dsbm": "depressive black metal",
    "ebm": "electronic body music",
    "edm": "electronic dance music",
    "hnrg": "high energy disco",
    "idm": "experimental electronic music",
    "jpop": "japanese pop",
    "jrock": "japanese rock",
    "kpop": "korean pop",
    "mdm": "melodic death metal",
    "mpb": "brazilian popular music",
    "nwoahm": "american heavy metal",
    "nwobhm": "british heavy metal",
    "ost": "original soundtrack",
    "r and b": "rhythm and blues",
    "rnb": "rhythm and blues",
    "rnr": "rock and roll",
    "ssw": "singer songwriter",
    "ukg": "uk garage",
    "vgm": "video game music",
    "vox": "vocals",
}


def spelled_out(name: str) -> str | None:
    """What an acronym stands for, in plain words; None where it is none.

    >>> spelled_out("edm"), spelled_out("j pop"), spelled_out("rock")
    ('electronic dance music', 'japanese pop', None)
    """
    return ACRONYMS.get(name) or ACRONYMS.get(name.replace(" ", ""))
