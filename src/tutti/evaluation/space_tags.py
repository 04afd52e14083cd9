"""The tags of a catalogue asked of a space: what to score where words lead into a space that places songs.

The scores are ``tag_retrieval``'s; ``space_report`` puts them beside what modalities find of each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from tutti.data.items import Item
from tutti.data.labels import SPELLINGS, label_targets
from tutti.data.tag_categories import categories_of
from tutti.errors import ConfigError
from tutti.evaluation.tag_retrieval import LEAST_COMMON, TagQueries, cosine_scores
from tutti.models.encoders import ReadsTexts
from tutti.models.space_models import Points, SpaceModel, merged

MOST_TAGS = 200  # the most frequent, where the space did not learn any by name
NOT_PLACED = "there is nothing to know it by"


def tag_queries(
    model: SpaceModel,
    items: Sequence[Item],
    points: Mapping[str, Points],
    *,
    on: tuple[str, str],
    problems: Mapping[str, Mapping[str, str]] | None = None,
) -> TagQueries:
    """The tags of items, asked by name, with all their points but those of texts.

    Tags are those that the space has learned by name, else those that several of the items carry. Items without tags
    take no part.

    Args:
        model: The space.
        items: Of a split.
        points: Of each modality, where they lie. Shape (items, embed_dim).
        on: Dataset and split.
        problems: By item id and modality, why something could not be placed.

    Raises:
        ConfigError: The space reads no words, or no tagged item has a place.
    """
    seen = {modality: some for modality, some in points.items() if modality != "text"}
    if not isinstance(model.encoders.get("text"), ReadsTexts) or not seen:
        raise ConfigError(
            f"tags find nothing in the space {model.name}: it places {', '.join(model.modalities)}",
            hint="take a space of texts and of something else, such as sounds",
        )
    songs = merged(seen)
    is_tagged = np.array([bool(item.tags) for item in items], dtype=np.bool_)
    placed = np.all(np.isfinite(songs), axis=1)
    asked = [item for item, fits in zip(items, (is_tagged & placed).tolist(), strict=True) if fits]
    spelling = str(model.config.training.get("data", {}).get("spelling", "plain"))
    tags = tuple(model.config.training.get("tags") or frequent_tags(asked, spelling=spelling))
    if not asked or not tags:
        raise ConfigError(
            f"of {len(items)} items {len(asked)} have both tags and a place in {model.name}, {len(tags)} of whose tags "
            f"{LEAST_COMMON} or more of them carry",
            hint="take a catalogue or a split with more tagged items",
        )
    words = model.place_texts(tags)
    known = np.all(np.isfinite(words), axis=1)
    understood = [tag for tag, is_known in zip(tags, known.tolist(), strict=True) if is_known]
    lost = [item for item, is_lost in zip(items, (is_tagged & ~placed).tolist(), strict=True) if is_lost]
    return TagQueries(
        model=model.name,
        dataset=on[0],
        split=on[1],
        tags=understood,
        targets=label_targets(asked, understood, spelling=spelling),
        scores=cosine_scores(words[known], songs[is_tagged & placed]),
        categories=categories_of(understood),
        left_out={tag: "it is not understood" for tag in tags if tag not in {*understood}},
        failures={one.item_id: "; ".join((problems or {}).get(one.item_id, {}).values()) or NOT_PLACED for one in lost},
        training_seed=model.config.training.get("seed"),
    )


def frequent_tags(items: Sequence[Item], *, spelling: str = "plain") -> tuple[str, ...]:
    """Tags that several items carry and not all do, the most frequent first."""
    counts = Counter(tag for item in items for tag in SPELLINGS[spelling](item.tags))
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return tuple(tag for tag, count in ordered if LEAST_COMMON <= count < len(items))[:MOST_TAGS]
