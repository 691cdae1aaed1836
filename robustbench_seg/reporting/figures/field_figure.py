"""Effective receptive fields as a figure: the layout of figure 3 of arXiv 2105.15203."""

from collections.abc import Mapping

import cv2
import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from numpy.typing import NDArray

from robustbench_seg.analysis import EffectiveField
from robustbench_seg.reporting.figures.style import HEAT, plain, style

DECADES = 4
"""Range of the colour scale in powers of ten, below the maximum of each plot."""

SIDE = 256
"""Longer side of a plot in pixels; energy is averaged over the area of each pixel."""


def field_figure(fields: Mapping[str, Mapping[str, EffectiveField]]) -> Figure:
    """Draw a row for each model and a column for each stage.

    The circles contain 50 % and 95 % of the energy.

    Args:
        fields: Maps the model, then the stage, to the field. All have the same size and stages.
    """
    models = list(fields)
    stages = list(fields[models[0]])
    height, width = fields[models[0]][stages[0]].energy.shape
    with style():
        across = 2.1
        size = (across * len(stages) + 0.9, (across * height / width + 0.55) * len(models))
        figure = Figure(figsize=size, layout="constrained")
        grid = figure.subplots(len(models), len(stages), squeeze=False)
        for axes, model in zip(grid, models, strict=True):
            for axis, stage in zip(axes, stages, strict=True):
                field = fields[model][stage]
                axis.imshow(
                    _pooled(field.energy),
                    cmap=HEAT,
                    norm=LogNorm(10.0**-DECADES, 1, clip=True),
                    extent=(-0.5, width - 0.5, height - 0.5, -0.5),
                )
                for share, dash in ((0.5, "-"), (0.95, "--")):
                    middle = field.centre[::-1]
                    axis.add_patch(
                        Circle(middle, field.radius(share), fill=False, lw=0.8, ls=dash, ec="black")
                    )
                axis.set(xticks=[], yticks=[], title=plain(stage))
                axis.grid(visible=False)
            # Above its row, where there is space for a long name.
            axes[0].set_title(f"{plain(model)}\n{plain(stages[0])}")
        figure.colorbar(
            grid[0][0].images[0],
            ax=grid,
            label="energy / maximum of the panel",
            shrink=0.8,
            aspect=30,
            pad=0.01,
        )
    return figure


def _pooled(energy: NDArray[np.float64]) -> NDArray[np.float64]:
    """The energy of a plot's pixels relative to the maximum, averaged over areas.

    With strided convolutions, the energy varies strongly between neighbouring pixels, so
    subsampling would give an arbitrary pattern.
    """
    scale = min(SIDE / max(energy.shape), 1)
    height, width = (max(round(side * scale), 1) for side in energy.shape)
    pooled = cv2.resize(energy, (width, height), interpolation=cv2.INTER_AREA)
    largest = pooled.max()
    return np.asarray(pooled / largest if largest > 0 else pooled)
