"""The figure of a protocol of attacks: the mIoU over the radius, with noise of the same radius."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from robustbench_seg.records.cards.perturbation import Perturbation
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.values.attacks import attack_norm
from robustbench_seg.reporting.figures.style import INK, PAPER, SOFT, plain, style


def radius_curves(per_severity: pd.DataFrame, protocol: Protocol) -> Figure:
    """Draw the mIoU over the radius: one plot for each model, one line for each attack.

    Attacks in the mean of the protocol are drawn bold, with their interval. Those of the category
    "control" are dashed.

    Args:
        per_severity: Rows of `tables/per_severity.csv`, in percent. Severity 0 is the clean mIoU.
        protocol: The protocol with the attacks and their radii.
    """
    models = list(dict.fromkeys(per_severity["model"]))
    columns = min(3, len(models))
    rows = -(-len(models) // columns)
    perturbations, radii = protocol.perturbations, common_radii(protocol)
    colours = dict(
        zip(protocol.names, sns.color_palette("colorblind", len(perturbations)), strict=True)
    )
    with style():
        size = (1.5 + 3.6 * columns, 3.1 * rows + 0.5)
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
        for axis, model in zip(axes, models, strict=False):
            own = per_severity[per_severity["model"] == model]
            for perturbation in perturbations:
                _line(axis, own, perturbation, colours[perturbation.name])
            axis.set_title(plain(model))
            labels = radii or list(map(str, protocol.severities))
            axis.set_xticks([0, *protocol.severities], ["clean", *labels])
            axis.grid(axis="x", visible=False)
        for axis in axes[len(models) :]:
            axis.set_visible(False)
        axes[0].set_ylim(bottom=0)
        unit = f"radius, {radius_unit(protocol)}" if radii else "severity"
        figure.supxlabel(unit, fontsize=9, color=SOFT)
        figure.supylabel("mIoU, percent", fontsize=9, color=SOFT)
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right center")
    return figure


def radius_unit(protocol: Protocol) -> str:
    """Return the unit of the radii of a protocol of attacks, in words."""
    if {attack_norm(each.name) for each in protocol.perturbations} == {"L2"}:
        return "L2 norm of the change, channels in 0 to 1"
    return "levels of 255"


def common_radii(protocol: Protocol) -> list[str] | None:
    """Return the radius of each severity as text, or None if radii or norms of attacks differ."""
    perturbations = protocol.perturbations
    lists = [[f"{one['epsilon']:g}" for one in each.parameters] for each in perturbations]
    longest = max(lists, key=len)
    if any(radii != longest[: len(radii)] for radii in lists):
        return None
    return longest if len({attack_norm(each.name) for each in perturbations}) == 1 else None


def _line(
    axis: Axes, own: pd.DataFrame, perturbation: Perturbation, colour: tuple[float, ...]
) -> None:
    rows = own[own["corruption"].isin(["clean", perturbation.name])].sort_values("severity")
    severities, score = rows["severity"].to_numpy(), rows["miou"].to_numpy(float)
    if np.isnan(score[severities > 0]).all():
        return
    is_control = perturbation.category == "control"
    dash, width = ("--", 1.2) if is_control else ("-", 2.2 if perturbation.averaged else 1.1)
    shade = SOFT if is_control else INK if perturbation.averaged else colour
    if perturbation.averaged:
        low, high = rows["ci_low"].to_numpy(float), rows["ci_high"].to_numpy(float)
        axis.fill_between(severities, low, high, color=shade, alpha=0.15, lw=0)
    label = plain(perturbation.name.replace("_", " "))
    axis.plot(severities, score, dash, color=shade, lw=width, label=label)
    axis.plot(severities, score, "o", color=shade, ms=2.8, mfc=PAPER if is_control else shade)
