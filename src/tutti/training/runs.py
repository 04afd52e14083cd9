"""Recipes carried out, each in the way of its scheme.

The run's folder holds::

    recipe.json      the complete recipe; only the same one resumes the run
    waveforms/       decoded sounds, unless the recipe keeps them elsewhere
    checkpoint.pt, metrics.csv, tensorboard/     see ``trainer``
    model/           the bundle
    report.json, report.md     its scores
"""

from __future__ import annotations

from collections.abc import Callable

from tutti.training.artist_group_runs import train_artist_groups
from tutti.training.artist_groups import ArtistGroupsConfig
from tutti.training.contrastive import ContrastiveConfig
from tutti.training.contrastive_runs import train_contrastive
from tutti.training.factor_regression import FactorRegressionConfig
from tutti.training.factor_runs import train_factors
from tutti.training.fusion import FusionSchemeConfig
from tutti.training.fusion_runs import train_fusion
from tutti.training.joint_space import JointSpaceConfig
from tutti.training.joint_space_runs import train_joint_space
from tutti.training.noisy_student import NoisyStudentConfig
from tutti.training.recipes import Recipe
from tutti.training.run_parts import Tell, TrainedRun
from tutti.training.sentence_config import SentenceMusicConfig
from tutti.training.sentence_runs import train_sentences
from tutti.training.student_runs import train_student
from tutti.training.supervised import SupervisedConfig
from tutti.training.supervised_runs import train_supervised
from tutti.training.tag_retrieval import TagRetrievalConfig
from tutti.training.tag_retrieval_runs import train_tag_retrieval


def train(recipe: Recipe, *, quiet: bool = False, tell: Tell = lambda _: None) -> TrainedRun:
    """Carry out a recipe, going on where an earlier run of the same recipe stopped.

    Args:
        recipe: What to do; most schemes want a catalogue.
        quiet: Show no progress on stderr.
        tell: Receives a line at each stage.

    Raises:
        ConfigError: The recipe does not fit the catalogue, or the folder holds something else.
        CatalogueError: There is no catalogue.
    """
    return WAYS[type(recipe.scheme)](recipe, quiet, tell)


WAYS: dict[type, Callable[[Recipe, bool, Tell], TrainedRun]] = {
    SupervisedConfig: train_supervised,
    ContrastiveConfig: train_contrastive,
    FactorRegressionConfig: train_factors,
    NoisyStudentConfig: train_student,
    ArtistGroupsConfig: train_artist_groups,
    FusionSchemeConfig: train_fusion,
    JointSpaceConfig: train_joint_space,
    TagRetrievalConfig: train_tag_retrieval,
    SentenceMusicConfig: train_sentences,
}
