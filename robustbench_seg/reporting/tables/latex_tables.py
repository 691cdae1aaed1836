"""The LaTeX tables of a panel: a column for each perturbation, below its category."""

import re

import pandas as pd

from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.reporting.panels import Panel
from robustbench_seg.reporting.tables.formats import grouped_latex
from robustbench_seg.results import is_measured


def perturbation_latex(table: pd.DataFrame, protocol: Protocol, caption: str, label: str) -> str:
    """Return a table with its perturbations by category, and with spaces for underscores.

    Args:
        table: Columns model and others, perturbations of the protocol, then means.
        protocol: The protocol with the perturbations and their categories.
        caption: The caption.
        label: The label, without "tab:".
    """
    perturbations = [each for group in protocol.by_category.values() for each in group]
    names = [each.name for each in perturbations if each.name in table]
    columns = [str(name) for name in table.columns]
    start = min(map(columns.index, names))
    means = [name for name in columns[start:] if name not in names]
    ordered = table[[*columns[:start], *names, *means]]
    ordered = ordered.rename(columns=lambda name: str(name).replace("_", " "))
    groups = {each.name.replace("_", " "): each.category for each in perturbations}
    return grouped_latex(ordered, groups, caption, f"tab:{label}")


def panel_text(panel: Panel) -> str:
    """Return the dataset, split, protocol and class maps of a panel, for the start of a caption."""
    return f"On {panel.dataset} {panel.split} ({panel.protocol.name}{panel.class_maps})"


def averaged_text(protocol: Protocol) -> str:
    """Return the perturbations in the mean, for captions."""
    scored = re.sub(
        r"(\d)-(\d)", r"\1--\2", protocol.words.scored_text
    )  # LaTeX prints -- as a range
    return f"averaged: severities {scored.replace('_', ' ')}"


def interval_source(panel: Panel) -> str:
    """Return the origin of the intervals below scores, for captions."""
    return f"95 % intervals from a bootstrap over {panel.sampling_unit}"


def published_marks(table: pd.DataFrame) -> "pd.Series[str]":
    """Return the mark after the name of each model: a star if it is published."""
    return is_measured(table).map({True: "", False: " *"})
