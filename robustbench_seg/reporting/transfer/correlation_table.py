"""Correlations of synthetic with real scores: all of them as a table, the main ones as text."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from robustbench_seg.records.values.choices import Resample
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.ranking.estimate import ends_text
from robustbench_seg.reporting.transfer.model_table import ModelTable
from robustbench_seg.results.statistics.correlation import (
    Values,
    draw_weights,
    partial_correlation,
    pearson,
    percentile_interval,
    spearman,
)
from robustbench_seg.text import counted, number, text_table

TRANSFER_COLUMNS = (
    "predictor",
    "target",
    "models",
    "pearson",
    "pearson_low",
    "pearson_high",
    "spearman",
    "spearman_low",
    "spearman_high",
    "partial",
)
"""The columns of the table of `transfer`: correlations and the ends of their 95 % intervals."""


def transfer_table(models: ModelTable, resample: Resample) -> pd.DataFrame:
    """Return the TRANSFER_COLUMNS, a row for each target and predictor.

    Args:
        models: The models.
        resample: The sampling unit of the bootstrap.
    """
    weights = draw_weights(models.families, resample)
    clean = models.predictors[CLEAN.name].to_numpy()
    rows = []
    for target in models.targets:
        y = models.targets[target].to_numpy()
        for predictor in models.predictors:
            x = models.predictors[predictor].to_numpy()
            r, rho = pearson(x, y, weights), spearman(x, y, weights)
            given = np.nan if predictor == CLEAN.name else partial_correlation(x, y, clean)
            ends = (r[0], *percentile_interval(r), rho[0], *percentile_interval(rho))
            rows.append((predictor, target, len(x), *map(float, ends), given))
    return pd.DataFrame(rows, columns=list(TRANSFER_COLUMNS))


def transfer_text(tables: Sequence[ModelTable]) -> str:
    """Return Pearson's r of clean, the mean and the best corruption for each target, in words."""
    return "\n\n".join([*map(_table_text, tables), _NOTE])


_NOTE = """\
r: Pearson's correlation over models. rho: Spearman's, for the mean. given clean: the partial
correlation of the mean if clean is held fixed. A predictor is useful only if it beats clean.
Intervals: 95 %, from a bootstrap over models and from one over families. Models of one family share
architecture and recipe, so they are not independent: prefer the interval over families, which is
only approximate with few families. The best corruption is selected from all corruptions on these
models, so its r is lower on new models."""


def _table_text(models: ModelTable) -> str:
    families = len(set(models.families))
    head = ["target", "clean r", "mean r", "over models", "over families", "rho", "given clean"]
    lines = [[*head, "mean - clean, over families", "best corruption", "r"]]
    over_models, over_families = (
        draw_weights(models.families, resample) for resample in ("models", "families")
    )
    mean, clean = (models.predictors[name].to_numpy() for name in ("mean", CLEAN.name))
    for target in models.targets:
        y = models.targets[target].to_numpy()
        r, wide = pearson(mean, y, over_models), pearson(mean, y, over_families)
        of_clean = pearson(clean, y, over_families)
        best, of_best = _best(models, y)
        lines.append(
            [
                str(target),
                number(of_clean[0], 3),
                number(r[0], 3),
                _ends_text(r),
                _ends_text(wide),
                number(spearman(mean, y, over_models)[0], 3),
                number(partial_correlation(mean, y, clean), 3),
                f"{wide[0] - of_clean[0]:+z.2f} ({_ends_text(wide - of_clean)})",
                best,
                number(of_best, 3),
            ]
        )
    title = (
        f"{models.title}: {counted(len(models.names), 'model')} of "
        f"{counted(families, 'family', 'families')}, {models.protocol.name}"
    )
    return f"{title}\n{text_table(lines, left=[0, 8])}"


def _best(models: ModelTable, y: Values) -> tuple[str, float]:
    """The corruption with the largest r, and its r."""
    ones = np.ones((1, len(y)))
    found = {
        name: float(pearson(models.predictors[name].to_numpy(), y, ones)[0])
        for name in models.protocol.names
    }
    best = max(found, key=lambda name: -np.inf if np.isnan(found[name]) else found[name])
    return best, found[best]


def _ends_text(draws: Values) -> str:
    return ends_text(*percentile_interval(draws), 2) or "-"
