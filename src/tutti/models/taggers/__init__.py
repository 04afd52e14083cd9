"""Audio taggers, a file for each architecture, and the list of their names.

A name stands for an architecture at its published size; options change the size. Shared blocks of layers live in
``tutti.models.blocks``, trained weights in the zoo (``tutti.models.zoo``).

Your own is known by name as soon as your module puts it into the list, ``ARCHITECTURES["mine"] = MINE``; bundles and
recipes name it, and never bring code of their own (guide "Add your own tagger").
"""

from __future__ import annotations

from typing import Any

from tutti.errors import unknown_name
from tutti.models.tagger import Architecture, Tagger
from tutti.models.taggers import (
    artist_groups,
    attention_study,
    cnnsa,
    compact_cnn,
    cqt_cnn,
    crnn,
    emotion_resnet,
    fcn,
    harmonic_cnn,
    music_tagging_transformer,
    musicnn,
    sample_cnn,
    sample_cnn_rese,
    short_chunk_cnn,
    short_chunk_resnet,
    tag_song_cnn,
    timbre_mlp,
)

ARCHITECTURES: dict[str, Architecture[Any]] = {
    "artist_group_cnn": artist_groups.ARTIST_GROUP_CNN,
    "artist_group_ensemble": artist_groups.ARTIST_GROUP_ENSEMBLE,
    "cnnsa": cnnsa.CNNSA,
    "compact_cnn": compact_cnn.COMPACT_CNN,
    "cqt_cnn": cqt_cnn.CQT_CNN,
    "cqt_cnn_3x3_high": cqt_cnn.CQT_CNN_3X3_HIGH,
    "cqt_cnn_3x3_low": cqt_cnn.CQT_CNN_3X3_LOW,
    "cqt_cnn_4x70_high": cqt_cnn.CQT_CNN_4X70_HIGH,
    "cqt_cnn_4x70_low": cqt_cnn.CQT_CNN_4X70_LOW,
    "cqt_cnn_4x96_high": cqt_cnn.CQT_CNN_4X96_HIGH,
    "cqt_cnn_4x96_low": cqt_cnn.CQT_CNN_4X96_LOW,
    "crnn": crnn.CRNN,
    "emotion_resnet": emotion_resnet.EMOTION_RESNET,
    "fcn": fcn.FCN,
    "harmonic_cnn": harmonic_cnn.HARMONIC_CNN,
    "music_tagging_transformer": music_tagging_transformer.MUSIC_TAGGING_TRANSFORMER,
    "music_tagging_transformer_student": music_tagging_transformer.MUSIC_TAGGING_TRANSFORMER_STUDENT,
    "musicnn": musicnn.MUSICNN,
    "musicnn_msd": musicnn.MUSICNN_MSD,
    "raw_cnn_l": attention_study.RAW_CNN_L,
    "raw_transformer": attention_study.RAW_TRANSFORMER,
    "sample_cnn": sample_cnn.SAMPLE_CNN,
    "sample_cnn_rese": sample_cnn_rese.SAMPLE_CNN_RESE,
    "sample_cnn_se": sample_cnn.SAMPLE_CNN_SE,
    "sample_cnn_se_only": sample_cnn_rese.SAMPLE_CNN_SE_ONLY,
    "short_chunk_cnn": short_chunk_cnn.SHORT_CHUNK_CNN,
    "short_chunk_resnet": short_chunk_resnet.SHORT_CHUNK_RESNET,
    "spec_cnn_p": attention_study.SPEC_CNN_P,
    "spec_transformer": attention_study.SPEC_TRANSFORMER,
    "tag_song_cnn": tag_song_cnn.TAG_SONG_CNN,
    "timbre_mlp": timbre_mlp.TIMBRE_MLP,
}


def find_architecture(name: str) -> Architecture[Any]:
    """The architecture of this name.

    Raises:
        UnknownNameError: There is none.
    """
    if name not in ARCHITECTURES:
        error = unknown_name("architecture", name, ARCHITECTURES)
        error.hint = f"{error.hint}; one of your own is known once its file is run: tutti --import FILE.py ..."
        raise error
    return ARCHITECTURES[name]


def build_tagger(architecture: str, n_labels: int, **options: Any) -> Tagger:
    """An untrained tagger.

    Args:
        architecture: A name in ``ARCHITECTURES``.
        n_labels: How many labels it predicts.
        options: Fields of the architecture's configuration that differ from the published size.

    Raises:
        UnknownNameError: There is no such architecture or option.
        ConfigError: An option's value makes no sense.

    >>> tagger = build_tagger("short_chunk_resnet", 10, n_channels=8)
    >>> tagger.embed_dim
    32
    """
    found = find_architecture(architecture)
    return found.build(found.configure(**options), n_labels)
