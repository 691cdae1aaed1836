"""The tables of a report as files.

miou.csv .md .tex        model x (clean, corruptions, mean, retention); LaTeX as the paper prints it
published.csv .md .tex   the same of the literature, where it is shown
per_severity.csv         a row for each model and condition, with intervals
per_class.csv            a row for each model, condition and class
scores.parquet           all of these, a row for each number
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from robustbench_seg.files import atomic_path, write_text
from robustbench_seg.records.protocol import CLEAN, Protocol, load_protocol
from robustbench_seg.reporting.literature import published
from robustbench_seg.reporting.panels import Panel, counted
from robustbench_seg.reporting.tables.formats import csv, grouped_latex, markdown
from robustbench_seg.results import COLUMNS, score_table

_WHERE = ["model", "dataset", "split"]


def write_tables(panels: Sequence[Panel], folder: Path) -> None:
    """Write all tables of a report into `folder`."""
    scores = _joined([panel.scores for panel in panels])
    write_text(folder / "miou.csv", csv(scores))
    write_text(folder / "miou.md", markdown(scores))
    tex = [_ranking_latex(panel, f"miou-{n}") for n, panel in enumerate(panels)]
    write_text(folder / "miou.tex", "\n".join(tex))
    write_text(folder / "per_severity.csv", csv(_joined([panel.severities for panel in panels])))
    write_text(folder / "per_class.csv", csv(_joined([panel.per_class for panel in panels])))
    tidy = pd.concat(
        [
            score_table(run.scored, panel.protocol, run.model)
            for panel in panels
            for run in panel.measured
        ],
        ignore_index=True,
    )
    if any(panel.shows_published for panel in panels):
        table, protocol = published.cityscapes_c(), load_protocol(published.PROTOCOL)
        write_text(folder / "published.csv", csv(table))
        write_text(folder / "published.md", markdown(table))
        text = _latex(table, protocol, f"Published: {published.SOURCE} Here", "published")
        write_text(folder / "published.tex", text)
        rows = pd.DataFrame(_published_rows(table, protocol), columns=list(COLUMNS))
        tidy = pd.concat([tidy, rows.astype(COLUMNS)], ignore_index=True)
    with atomic_path(folder / "scores.parquet") as partial:
        tidy.to_parquet(partial, index=False)


def _joined(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """One table, the mean last, also where a later protocol has further corruptions."""
    table = pd.concat(parts, ignore_index=True)
    last = [column for column in ("mean", "retention") if column in table]
    return table[[*table.columns.drop(last), *last]]


def _ranking_latex(panel: Panel, label: str) -> str:
    """The ranking; published rows, where they are in it, with a star that the caption explains."""
    scores = panel.scores.copy()
    literature = scores["source"] == "published"
    images = scores.loc[~literature, "images"].unique()
    where = f"On {panel.name}, {counted(images, 'image')}"
    scores.loc[literature, "model"] += " *"
    note = f". * published: {published.SOURCE}" if literature.any() else ""
    return _latex(scores, panel.protocol, where, label, note)


def _latex(scores: pd.DataFrame, protocol: Protocol, where: str, label: str, note: str = "") -> str:
    specs = [spec for group in protocol.by_category.values() for spec in group]
    names = [spec.name for spec in specs]
    table = scores[["model", CLEAN.name, *names, "mean", "retention"]]
    table = table.rename(columns=lambda name: str(name).replace("_", " "))
    groups = {spec.name.replace("_", " "): spec.category for spec in specs}
    caption = f"{where}: mIoU in percent; averaged: {protocol.averaged.replace('_', ' ')}{note}"
    return grouped_latex(table, groups, caption, f"tab:{label}")


def _published_rows(table: pd.DataFrame, protocol: Protocol) -> Iterator[dict[str, object]]:
    scored = protocol.averaged.removeprefix("severities ")
    for record in table.to_dict("records"):
        where = {name: record[name] for name in (*_WHERE, "source", "protocol", "images")}
        single = {"metric": "miou", "corruption": CLEAN.name, "category": CLEAN.name}
        yield {**where, **single, "severities": "0", "value": record[CLEAN.name]}
        for spec in protocol.corruptions:
            yield {
                **where,
                "metric": "miou",
                "corruption": spec.name,
                "category": spec.category,
                "severities": spec.scored_text,
                "value": record[spec.name],
            }
        for metric in ("mean", "retention"):
            yield {**where, "metric": metric, "severities": scored, "value": record[metric]}
