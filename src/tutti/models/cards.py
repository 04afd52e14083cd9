"""The model card, ``README.md`` of a bundle: what the model is, where it comes from, how to use it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any


def model_card(config: Mapping[str, Any]) -> str:
    """A model card in Markdown, with the front matter that model hubs read.

    Args:
        config: The values of ``config.json``.
    """
    sections = [_front_matter(config), f"# {config['name']}\n\n{_what_it_is(config)}", _facts(config), _use(config)]
    if config.get("limits"):
        sections.append("## Limits\n\n" + _bullets(config["limits"]))
    if config.get("data"):
        sections.append("## What it learned from\n\n" + _bullets(config["data"]))
    if config.get("teachers"):
        sections.append(_table_of("Teachers", ("teacher", "licence and terms"), config["teachers"]))
    if config.get("label_sources"):
        sources = {label: ", ".join(map(_code, some)) for label, some in config["label_sources"].items()}
        sections.append(_table_of("Labels", ("label", "stands for"), {_code(key): sources[key] for key in sources}))
    elif config["labels"]:
        sections.append("## Labels\n\n" + ", ".join(map(_code, config["labels"])))
    if config["scores"]:
        sections.append("## Scores\n\n" + _json_block(config["scores"]))
    if config["training"]:
        sections.append("## Training\n\n" + _json_block(config["training"]))
    return "\n\n".join(sections) + "\n"


def multimodal_card(config: Mapping[str, Any]) -> str:
    """The same of a multimodal model; see ``tutti.models.multimodal``."""
    licence = str(config["licence"]).partition(",")[0].strip().lower()
    front = ["library_name: tutti", "tags: [music, multimodal]"]
    if licence and licence != "unknown":
        front.insert(0, f"license: {licence}")
    modalities = list(dict.fromkeys(stream["modality"] for stream in config["streams"]))
    what = {"values": "values", "listening-factors": "factors of listening"}.get(config["target"], "labels")
    rows = {
        "Reads": ", ".join(modalities) + "; any of them may be missing",
        "Fusion": config["fusion"]["kind"],
        "Target": config["target"],
        "Item": config["level"],
        "Source": config["source"],
        "Licence": config["licence"],
    }
    if config["target"] == "listening-factors":
        rows["Listeners"] = "their names and factors are in `listeners/`: mind whom you give it to"
    use = (
        f'from tutti.models.multimodal import MultimodalModel\n\nmodel = MultimodalModel.load("path/to/'
        f'{config["name"]}")\ndescribed = model.predict(items)  # described.predictions [items, labels]'
    )
    sections = [
        "---\n" + "\n".join(front) + "\n---",
        f"# {config['name']}\n\nA multimodal model: {', '.join(modalities)} in, {len(config['labels'])} {what} out.",
        "\n".join(["| | |", "|---|---|", *(f"| {key} | {value} |" for key, value in rows.items())]),
        f"## Use\n\n```python\n{use}\n```",
        f"## {what.capitalize()}\n\n" + ", ".join(map(_code, config["labels"])),
        *(f"## {key.capitalize()}\n\n" + _json_block(config[key]) for key in ("scores", "training") if config[key]),
    ]
    return "\n\n".join(sections) + "\n"


def space_card(config: Mapping[str, Any]) -> str:
    """The same of a space model; see ``tutti.models.space_models``."""
    licence = str(config["licence"]).partition(",")[0].strip().lower()
    front = ["library_name: tutti", "tags: [music, retrieval]"]
    if licence and licence != "unknown":
        front.insert(0, f"license: {licence}")
    rows = {
        "Places": ", ".join(config["modalities"]) + "; any of them may be missing",
        "Dimensions": config["embed_dim"],
        "Item": config["level"],
        "Texts of an item": ", ".join(config["texts"]),
        "Source": config["source"],
        "Licence": config["licence"],
    }
    use = (
        "from tutti.models.space_models import load_space_model\n\n"
        f'space = load_space_model("{config["name"]}")\n'
        'points = space.place_texts(["slow piano"])  # [1, dimensions]'
    )
    told = {"limits": "Limits", "data": "What it learned from"}
    kept = ("scores", "calibration", "training")
    sections = [
        "---\n" + "\n".join(front) + "\n---",
        f"# {config['name']}\n\nA space of {', '.join(config['modalities'])}: what belongs together lies together.",
        "\n".join(["| | |", "|---|---|", *(f"| {key} | {value} |" for key, value in rows.items())]),
        f"## Use\n\n```python\n{use}\n```",
        *(f"## {title}\n\n" + _bullets(config[key]) for key, title in told.items() if config.get(key)),
        *(f"## {key.capitalize()}\n\n" + _json_block(config[key]) for key in kept if config[key]),
    ]
    return "\n\n".join(sections) + "\n"


def _what_it_is(config: Mapping[str, Any]) -> str:
    if config.get("task") == "vectors":
        return "An encoder of music: sound in, a vector out. It has no labels."
    if config.get("task") == "values":
        return f"A regressor of music: sound in, {len(config['labels'])} values out."
    kind = "classes, which sum to one," if config.get("task") == "classes" else "labels"
    return f"A music tagger: sound in, probabilities of {len(config['labels'])} {kind} out."


def _front_matter(config: Mapping[str, Any]) -> str:
    lines = ["library_name: tutti", "pipeline_tag: audio-classification", "tags: [music, music-tagging]"]
    if not config["labels"]:
        lines[1:] = ["pipeline_tag: feature-extraction", "tags: [music]"]
    licence = str(config["licence"]).partition(",")[0].strip().lower()
    if licence and licence != "unknown":
        lines.insert(0, f"license: {licence}")
    return "---\n" + "\n".join(lines) + "\n---"


def _facts(config: Mapping[str, Any]) -> str:
    excerpts = config["excerpts"]
    rows = {
        "Architecture": config["architecture"],
        "Options": ", ".join(f"{key}={value}" for key, value in config["options"].items()) or "the published size",
        "Paper": config["paper"] or "none",
        "Source": config["source"],
        "Licence": config["licence"],
        "Resampling": f"{config['resampling']['library']} {config['resampling']['quality']}",
        "Excerpts": (
            f"at most {excerpts['count']}, spread evenly from beginning to end"
            if excerpts["hop"] is None
            else f"every {excerpts['hop']} s"
        ),
    }
    return "\n".join(["| | |", "|---|---|", *(f"| {key} | {value} |" for key, value in rows.items())])


def _use(config: Mapping[str, Any]) -> str:
    line = 'probabilities = model.predict("song.mp3")  # [n_labels], in the order of model.labels'
    if config.get("task") == "vectors":
        line = 'vector = model.embed("song.mp3")  # [embed_dim]'
    if config.get("task") == "values":
        line = 'values = model.predict("song.mp3")  # [n_labels], in the order of model.labels'
    return f'## Use\n\n```python\nimport tutti\n\nmodel = tutti.load_model("path/to/{config["name"]}")\n{line}\n```'


def _bullets(sentences: Sequence[str]) -> str:
    return "\n".join(f"- {sentence}" for sentence in sentences)


def _table_of(title: str, heads: tuple[str, str], rows: Mapping[str, str]) -> str:
    lines = [f"| {key} | {value} |" for key, value in rows.items()]
    return "\n".join([f"## {title}", "", f"| {heads[0]} | {heads[1]} |", "|---|---|", *lines])


def _code(text: str) -> str:
    return f"`{text}`"


def _json_block(values: Mapping[str, Any]) -> str:
    return "```json\n" + json.dumps(values, indent=2, ensure_ascii=False) + "\n```"
