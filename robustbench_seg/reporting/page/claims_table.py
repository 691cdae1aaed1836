"""Claims of papers, with the published and the measured numbers."""

import math
from dataclasses import replace

from robustbench_seg.reporting.html.table import Cell, Column, Table, TableRow
from robustbench_seg.reporting.literature.claims import CLAIMS_TABLE, Claim, claims
from robustbench_seg.reporting.literature.published_tables import table_description
from robustbench_seg.reporting.panels import Panel
from robustbench_seg.text import number


def claims_table(panel: Panel) -> Table | None:
    """Return the claims and, if the model of a claim was measured on all its images, the measured
    number.

    A gain is relative to the least robust of the other measured models. None if the panel does not
    show the published table of the claims.
    """
    if CLAIMS_TABLE not in panel.published.tables:
        return None
    columns = [
        Column("claim"),
        Column("paper", is_left_aligned=True),
        Column("claimed, %"),
        Column("recomputed, %"),
        Column("row with the recomputed value", is_left_aligned=True),
        Column(
            "rows that give the claimed value",
            "as rounded in the claim; of a gain, these are the baselines",
            is_left_aligned=True,
        ),
    ]
    found = claims()
    measured = [_measured(panel, each.claim) for each in found]
    is_measured = not all(map(math.isnan, measured))
    if is_measured:
        columns.append(Column("measured here, %", "the same number of the same model"))
    rows = [
        TableRow(
            [
                Cell(each.claim.text),
                Cell(each.claim.paper, css_class="text"),
                Cell(number(each.claim.claimed)),
                Cell(number(each.recomputed)),
                Cell(each.best_row, css_class="text"),
                Cell(", ".join(each.rows_matching) or "no row", css_class="text"),
                *([Cell(number(here))] if is_measured else []),
            ]
        )
        for each, here in zip(found, measured, strict=True)
    ]
    title = table_description(CLAIMS_TABLE).title
    caption = f"Claims of papers on Cityscapes-C, recomputed from the published rows ({title})."
    note = (
        "A gain is relative to a row of the published table, the baseline. Rows that give the "
        "claimed value: as rounded in the claim; of a gain, these are the baselines."
    )
    if is_measured:
        note += " Measured here: the same number of the same model."
    return Table(caption, columns, rows, note=note)


def _measured(panel: Panel, claim: Claim) -> float:
    """The number of a claim, measured in the panel; nan if it was not measured.

    The panel must rank the published results, because then both are on the same images. Names are
    compared in lower case.
    """
    if panel.published.ranked.empty:
        return math.nan
    scores = {model.name.lower(): model.miou[claim.score] for model in panel.complete}
    known = {name: score for name, score in scores.items() if not math.isnan(score)}
    own = replace(claim, model=claim.model.lower())
    numbers = own.numbers(known).values() if own.model in known else ()
    largest = max(numbers, default=math.nan)
    return largest if math.isfinite(largest) else math.nan
