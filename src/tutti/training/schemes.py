"""The schemes that a recipe can name, each in a file beside this one: what a batch is, and what is to be lowered.

How a scheme's recipe is carried out is in ``runs.WAYS``.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Discriminator

from tutti.training.artist_groups import ArtistGroupsConfig
from tutti.training.contrastive import ContrastiveConfig
from tutti.training.factor_regression import FactorRegressionConfig
from tutti.training.fusion import FusionSchemeConfig
from tutti.training.joint_space import JointSpaceConfig
from tutti.training.noisy_student import NoisyStudentConfig
from tutti.training.sentence_config import SentenceMusicConfig
from tutti.training.supervised import SupervisedConfig
from tutti.training.tag_retrieval import TagRetrievalConfig

SCHEMES: dict[str, type] = {
    "supervised": SupervisedConfig,
    "contrastive": ContrastiveConfig,
    "factor-regression": FactorRegressionConfig,
    "noisy-student": NoisyStudentConfig,
    "artist-groups": ArtistGroupsConfig,
    "fusion": FusionSchemeConfig,
    "joint-space": JointSpaceConfig,
    "tag-retrieval": TagRetrievalConfig,
    "sentence-to-music": SentenceMusicConfig,
}
SchemeConfig = Annotated[
    SupervisedConfig
    | ContrastiveConfig
    | FactorRegressionConfig
    | NoisyStudentConfig
    | ArtistGroupsConfig
    | FusionSchemeConfig
    | JointSpaceConfig
    | TagRetrievalConfig
    | SentenceMusicConfig,
    Discriminator("name"),
]
