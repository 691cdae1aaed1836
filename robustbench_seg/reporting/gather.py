"""Run folders -> panels. All scores come from `results`; here they are only put side by side."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from robustbench_seg.errors import ResultsError, unknown
from robustbench_seg.records.protocol import CLEAN, Protocol
from robustbench_seg.records.run_record import DifferenceKind, RunRecord, read_record
from robustbench_seg.reporting.literature import published
from robustbench_seg.reporting.panels import Measured, Panel, names_of
from robustbench_seg.results import (
    Reference,
    ScoredModel,
    category_means,
    clean_gap,
    clean_gap_warnings,
    degradation,
    group_runs,
    own_protocol,
    read_model,
    reading_notes,
)


def read_panels(
    runs: Iterable[Path | str],
    *,
    reference: str | None = None,
    protocol: Protocol | None = None,
) -> list[Panel]:
    """Score run folders (or folders of them) and group them: one panel a dataset, split, protocol.

    reference: the model that CD and rCD are against; a measured or a published one
    protocol:  score all runs under this one; None: each under its own

    Raises ResultsError for a folder that holds no run, a broken run, runs of one dataset with
    other classes, a protocol that is not at hand, and a reference that is in no panel.
    """
    groups = dict[tuple[str, str, str], list[ScoredModel]]()
    protocols = dict[str, Protocol]()
    for folders in group_runs(runs):
        record = read_record(folders[0])
        used = protocol or own_protocol(folders[0], record)
        protocols[used.name] = used
        key = (record.dataset, record.split, used.name)
        groups.setdefault(key, []).append(read_model(folders, used))
    panels = [_panel(group, protocols[key[2]], reference) for key, group in groups.items()]
    if reference is not None and all(panel.baseline is None for panel in panels):
        known = dict.fromkeys(model for panel in panels for model in panel.scores["model"])
        raise ResultsError(f"--reference: {unknown('model', reference, known)}")
    return panels


def _panel(group: Sequence[ScoredModel], protocol: Protocol, reference: str | None) -> Panel:
    first = group[0].records[0]
    classes, dataset, split = first.classes, first.dataset, first.split
    for other in group[1:]:
        if other.records[0].classes != classes:
            raise ResultsError(
                f"{group[0].folders[0]} and {other.folders[0]}: other classes of one dataset "
                f"({dataset} {split}) cannot be ranked together; report them apart"
            )
    names = names_of([(model.name, model.folders[0]) for model in group])
    literature = published.cityscapes_c()
    here = (dataset, split, protocol.name)
    ranks_published = here == (published.DATASET, published.SPLIT, published.PROTOCOL)
    measured = {name: Measured(name, model) for name, model in zip(names, group, strict=True)}
    rows = [_row(run, protocol) for run in measured.values()]
    scores = pd.concat([*rows, literature] if ranks_published else rows, ignore_index=True)
    scores = scores.sort_values(["mean", "model"], ascending=[False, True], kind="stable")
    scores = scores.reset_index(drop=True)
    own = [measured[str(n)] for n in scores.loc[scores["source"] == "measured", "model"]]
    baseline = reference if reference in set(scores["model"]) else None
    apart = protocol.name == published.PROTOCOL and not ranks_published
    return Panel(
        dataset=dataset,
        split=split,
        protocol=protocol,
        classes=classes,
        measured=tuple(own),
        scores=scores,
        severities=_stacked([_severity_rows(run, protocol) for run in own]),
        per_class=_stacked([_class_rows(run, protocol) for run in own]),
        category_means=_category_means(scores, protocol),
        degradation=_degradation(scores, protocol, baseline),
        baseline=baseline,
        reference=literature if apart else None,
        warnings=_warnings(own, ranks_published),
    )


def _stacked(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(tables, ignore_index=True)


def _row(run: Measured, protocol: Protocol) -> pd.DataFrame:
    """The row of tables/miou.csv."""
    summary, record = run.drawn.summary, run.record
    row: dict[str, object] = {
        "model": run.model,
        "source": "measured",
        "dataset": record.dataset,
        "split": record.split,
        "protocol": protocol.name,
        "images": run.scored.images.get(CLEAN, 0),
        "clean": summary.clean[0],
        **{name: draws[0] for name, draws in summary.corruptions.items()},
        "mean": summary.mean[0],
        "retention": summary.retention[0],
    }
    return pd.DataFrame([row])


def _category_means(scores: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    """Mean over each category's corruptions; a row for each of `scores`."""
    cells = {name: scores[name].to_numpy(float) for name in protocol.names}
    return pd.DataFrame(category_means(cells, protocol), index=scores.index)


def _degradation(scores: pd.DataFrame, protocol: Protocol, baseline: str | None) -> pd.DataFrame:
    """CD and rCD, means over the corruptions; a row for each of `scores`.

    There are no columns without a baseline. A measured one counts before a published one.
    """
    if baseline is None:
        return pd.DataFrame(index=scores.index)
    names = [CLEAN.name, *protocol.names]
    rows = scores[scores["model"] == baseline].sort_values("source", kind="stable")
    reference = Reference.published(baseline, {name: rows.iloc[0][name] for name in names})
    cells = {name: scores[name].to_numpy(float) for name in names}
    lost = degradation(cells.pop(CLEAN.name), cells, reference)
    return pd.DataFrame({"CD": lost.mean_cd, "rCD": lost.mean_rcd}, index=scores.index)


def _severity_rows(run: Measured, protocol: Protocol) -> pd.DataFrame:
    """The rows of tables/per_severity.csv, in protocol order."""
    category = {CLEAN.name: CLEAN.name}
    category |= {spec.name: spec.category for spec in protocol.corruptions}
    rows = [
        {
            **_where(run, protocol),
            "corruption": condition.name,
            "category": category[condition.name],
            "severity": condition.severity,
            "scored": condition in protocol.scored_conditions,
            "images": run.scored.images[condition],
            "miou": run.drawn.cell(condition)[0],
            **dict(zip(("ci_low", "ci_high"), run.limits(run.drawn.cell(condition)), strict=True)),
        }
        for condition in (CLEAN, *protocol.conditions())
        if condition in run.scored.images
    ]
    return pd.DataFrame(rows)


def _class_rows(run: Measured, protocol: Protocol) -> pd.DataFrame:
    """The rows of tables/per_class.csv."""
    rows, where = run.scored.class_iou, pd.DataFrame([_where(run, protocol)])
    return where.merge(rows, how="cross")[[*where, "corruption", "severity", "class", "iou"]]


def _where(run: Measured, protocol: Protocol) -> Mapping[str, object]:
    return {
        "model": run.model,
        "dataset": run.record.dataset,
        "split": run.record.split,
        "protocol": protocol.name,
    }


def _warnings(group: Sequence[Measured], ranks_published: bool) -> tuple[str, ...]:
    gaps: list[str | None] = []
    for run in group:
        if run.drawn.trainings > 1:  # each has a published score of its own
            gaps += clean_gap_warnings(run.scored.folders)
        else:
            gaps.append(clean_gap(run.record, float(run.drawn.summary.clean[0])))
    said = [f"{gap}." for gap in gaps if gap]
    models = [run.scored for run in group]
    for note in reading_notes(models):
        said.append(f"The rows differ in {note}: see the provenance of each before comparing them.")
    names, kinds = _image_differences([run.record for run in group])
    if "files" in kinds and "extent" not in kinds:
        said.append("The rows are of different files of the dataset: they do not compare.")
    elif names:
        said.append(f"The rows differ in {' and '.join(names)}: they do not compare.")
    counts = {run.record.images for run in group} - {published.IMAGES}
    if ranks_published and counts:
        said.append(
            f"Measured rows are on {' or '.join(map(str, sorted(counts)))} images, published rows "
            f"on {published.IMAGES}: they do not compare."
        )
    return tuple(said)


def _image_differences(records: Sequence[RunRecord]) -> tuple[list[str], set[DifferenceKind]]:
    """In what about the images the records differ from the first: names and kinds."""
    differences = [d for other in records[1:] for d in records[0].differences(other)]
    of_images = [difference for difference in differences if difference.of_images]
    return list(dict.fromkeys(d.name for d in of_images)), {d.kind for d in of_images}
