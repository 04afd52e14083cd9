"""Class-activation maps of covers: which places of a picture speak for a score, such as the logit of a label.

The score is any function of a cover encoder's vector, so that a map explains a readout over covers alone as well as a
fusion that weighs them against sound and text. Maps of spectrograms are in ``gradcam``.

Two forms. ``gap``: where a vector is the mean of maps over places (global average pooling) and the score a weighted sum
of the vector, each place has its own share of the score; the shares, from the least to the greatest, go from 0 to 1.
``gradcam`` asks the gradient for the weights, keeps what speaks for the score only, and may look at an earlier stage of
the network, whose places are smaller. At the last stage both have the same weights.

References:
    Zhou, Khosla, Lapedriza, Oliva, Torralba, "Learning deep features for discriminative localization", CVPR 2016;
    Selvaraju et al., "Grad-CAM: visual explanations from deep networks via gradient-based localization", ICCV 2017;
    Oramas et al., TISMIR 1(1), 2018 (maps of covers by genre).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from tutti.errors import ConfigError, ShapeError, import_extra, unknown_name
from tutti.explain.figures import STYLE, check_suffix, save_figure
from tutti.image.covers import read_cover
from tutti.image.transforms import square_picture
from tutti.models.covers import CoverEncoder

MapForm = Literal["gap", "gradcam"]
MAP_FORMS: tuple[str, ...] = get_args(MapForm)
Score = Callable[[Tensor], Tensor]
ORANGE = np.array((217, 95, 2), dtype=np.float32)
STRONGEST = 0.75  # of the colour, where the map is 1
PICTURE_INCHES = 3.2


def cover_map(
    encoder: CoverEncoder, picture: Path | Image.Image, score: Score, *, form: MapForm = "gap", stage: int = -1
) -> NDArray[np.float32]:
    """Which places of a cover speak for a score.

    Args:
        encoder: Whose vector the score is made of.
        picture: A file, or a picture in memory.
        score: From the vector ``[1, embed_dim]`` to one number, differentiable.
        form: ``gap`` or ``gradcam``, see the module.
        stage: Of the network, with ``gradcam``; -1 is the last.

    Returns:
        From 0 to 1, over what the network sees of the cover (:func:`seen_cover`); all 0 where no place says more than
        another. Shape (side, side), rows from above.

    Raises:
        ImageError: The picture cannot be read.
        UnknownNameError: There is no such form.
        ConfigError: There is no such stage, or ``gap`` was asked of an earlier one than the last.
        ShapeError: The score is more than one number.
    """
    if form not in MAP_FORMS:
        raise unknown_name("form of a cover map", form, MAP_FORMS)
    if form == "gap" and stage != -1:
        raise ConfigError("the form 'gap' knows the last stage only", hint="take form='gradcam', or leave stage out")
    cells = evidence(encoder, picture, score, stage=stage)
    shown = cells - cells.min() if form == "gap" else np.maximum(cells, 0)
    values = _laid_out(shown.astype(np.float64), encoder.config.side)
    highest = values.max()
    # Differences that are rounding only would fill the whole range.
    is_flat = highest <= 1e-6 * float(np.abs(cells).max(initial=0.0))
    return np.zeros_like(values, dtype=np.float32) if is_flat else (values / highest).astype(np.float32)


def evidence(
    encoder: CoverEncoder, picture: Path | Image.Image, score: Score, *, stage: int = -1
) -> NDArray[np.float32]:
    """What each cell of a stage's maps adds to a score; arguments and errors as of :func:`cover_map`.

    Returns:
        At the last stage, where the score is linear in the vector, the mean over all cells is the score without its
        constant. Shape (rows, columns) of the stage.
    """
    stages = encoder.network.stages
    if not -len(stages) <= stage < len(stages):
        raise ConfigError(f"there is no stage {stage} of {len(stages)}", hint="give -1 for the last")
    device = next(encoder.network.parameters()).device
    inputs = encoder.transforms.test(_square(encoder, picture)).to(device)
    outputs: list[Tensor] = []
    hook = stages[stage].register_forward_hook(lambda _module, _inputs, output: outputs.append(output))
    try:
        with torch.enable_grad():
            given = score(encoder.network(inputs.requires_grad_()))
            if given.numel() != 1:
                raise ShapeError(
                    f"the score has shape {tuple(given.shape)}, one number was wanted", hint="choose one label"
                )
            gradients = torch.zeros_like(outputs[0])
            if given.requires_grad:
                (found,) = torch.autograd.grad(given.sum(), outputs[:1], allow_unused=True)
                gradients = gradients if found is None else found
    finally:
        hook.remove()
    weights = gradients.sum(dim=(2, 3), keepdim=True)  # of the last stage: the score's gradient by the vector
    cells: NDArray[np.float32] = (weights * outputs[0].detach()).sum(dim=1)[0].float().cpu().numpy()
    return cells


def seen_cover(encoder: CoverEncoder, picture: Path | Image.Image) -> NDArray[np.uint8]:
    """What the network sees of a cover: its middle. Shape (side, side, 3), 8-bit RGB.

    Raises:
        ImageError: The picture cannot be read.
    """
    middle: NDArray[np.uint8] = encoder.transforms.middle(_square(encoder, picture))[0].permute(1, 2, 0).numpy()
    return np.ascontiguousarray(middle)


def lay_over(cover: NDArray[np.uint8], values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """A cover in greys, with orange where the map is high, which also the colour-blind tell apart.

    Args:
        cover: As of :func:`seen_cover`. Shape (side, side, 3).
        values: As of :func:`cover_map`. Shape (side, side).

    Raises:
        ShapeError: The two have different sizes.
    """
    if cover.shape[:2] != values.shape:
        raise ShapeError(
            f"a map of {values.shape} does not lie over a cover of {cover.shape[:2]}",
            hint="take the cover from seen_cover with the same encoder",
        )
    grey = np.asarray(Image.fromarray(cover).convert("L").convert("RGB"), dtype=np.float32)
    strength = (STRONGEST * values)[..., None]
    return np.round((1 - strength) * grey + strength * ORANGE).astype(np.uint8)


def draw_cover_map(cover: NDArray[np.uint8], values: NDArray[np.float32], path: Path, *, title: str) -> None:
    """The cover and, beside it, the map laid over it; arguments and errors as of :func:`lay_over`.

    Args:
        cover: Shape (side, side, 3).
        values: Shape (side, side).
        path: A file ending in .png or .svg.
        title: What stands above them.

    Raises:
        MissingExtraError: matplotlib is not installed.
        ConfigError: The file's suffix is another.
    """
    check_suffix(path)
    laid = lay_over(cover, values)
    matplotlib = import_extra("matplotlib", extra="figures", purpose="drawing a figure")
    figures = import_extra("matplotlib.figure", extra="figures", purpose="drawing a figure")
    with matplotlib.rc_context(STYLE):
        figure = figures.Figure(figsize=(2 * PICTURE_INCHES, PICTURE_INCHES + 0.4), layout="constrained")
        for axes, shown in zip(figure.subplots(1, 2), (cover, laid), strict=True):
            axes.imshow(shown, interpolation="nearest")
            axes.set_axis_off()
        figure.suptitle(title, x=0.01, ha="left", parse_math=False)
        save_figure(figure, path)


def _square(encoder: CoverEncoder, picture: Path | Image.Image) -> Tensor:
    opened = picture.convert("RGB") if isinstance(picture, Image.Image) else read_cover(picture)
    return torch.from_numpy(square_picture(opened, encoder.transforms.square_side))[None]


def _laid_out(cells: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    """Cells where they lie over the input, between them linearly; beyond the last ones as these."""
    rows, columns = (_between(n_cells, side) for n_cells in cells.shape)
    laid: NDArray[np.float64] = rows @ cells @ columns.T
    return laid


def _between(n_cells: int, side: int) -> NDArray[np.float64]:
    """Weights of linear interpolation. Shape (side, n_cells).

    Every halving of these networks is a kernel of odd width with stride 2 that is padded by half its width: it puts
    the middle of cell i on pixel 2i. After k of them, ceil(side / 2^k) cells lie on the multiples of 2^k.
    """
    jump = 1
    while -(-side // jump) > n_cells:
        jump *= 2
    places = np.minimum(np.arange(side) / jump, n_cells - 1)
    return np.maximum(0.0, 1.0 - np.abs(places[:, None] - np.arange(n_cells)))
