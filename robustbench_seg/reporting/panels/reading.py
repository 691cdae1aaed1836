"""Run folders -> panels. All scores come from `results`; here they are put side by side."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from robustbench_seg.errors import ResultsError, unknown
from robustbench_seg.files import canonical_json, digest_bytes
from robustbench_seg.records.protocol import Protocol
from robustbench_seg.records.run_file import read_record
from robustbench_seg.records.run_record import RunRecord
from robustbench_seg.reporting.literature import cityscapes_c
from robustbench_seg.reporting.literature.beside import (
    rows_beside,
    rows_elsewhere,
    sources_beside,
)
from robustbench_seg.reporting.panels.degradation_rows import degradation_rows
from robustbench_seg.reporting.panels.panel import Panel, PanelRow
from robustbench_seg.reporting.panels.row_names import row_names
from robustbench_seg.reporting.panels.table_rows import class_rows, score_row, severity_rows
from robustbench_seg.reporting.panels.warnings import panel_warnings
from robustbench_seg.results import (
    ScoredModel,
    category_means,
    group_runs,
    own_protocol,
    read_model,
)
from robustbench_seg.text import counted

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PanelKey:
    """What the rows of one panel have in common.

    Attributes:
        dataset: Name of the dataset.
        split: Its split.
        protocol: Name of the protocol that the rows are scored under.
        images: How many images were to be scored.
        files: The first digits of the digest of the dataset's fingerprint.
    """

    dataset: str
    split: str
    protocol: str
    images: int
    files: str

    @classmethod
    def of(cls, record: RunRecord, protocol: Protocol) -> "PanelKey":
        """Return the key of a run that is scored under a protocol."""
        data = record.key.dataset
        files = digest_bytes(canonical_json(data.fingerprint).encode())[:8]
        return cls(data.name, data.split, protocol.name, data.images, files)

    @property
    def heading(self) -> tuple[str, str, str]:
        """Dataset, split and protocol."""
        return self.dataset, self.split, self.protocol


def read_panels(
    runs: Iterable[Path | str],
    *,
    reference: str | None = None,
    protocol: Protocol | None = None,
) -> list[Panel]:
    """Score runs and group them: one panel for each dataset, split, set of files and protocol.

    Args:
        runs: Run folders, or folders of them.
        reference: The model that CD and rCD are relative to, a measured or a published one.
        protocol: Score all runs under this one. None: each under its own.

    Returns:
        The panels, in the order of their first runs. A run that is broken, whose protocol is not
        at hand, or whose classes are not those of the other runs of its dataset is left out with a
        warning.

    Raises:
        ResultsError: A folder holds no run; no run can be scored; the reference is in no panel.
    """
    groups = dict[PanelKey, list[ScoredModel]]()
    protocols = dict[str, Protocol]()
    broken = list[ResultsError]()
    for folders in group_runs(runs):
        try:
            record = read_record(folders[0])
            own = protocol or own_protocol(folders[0], record)
            model = read_model(folders, own)
            _check_classes(model, groups.get(PanelKey.of(record, own), []))
        except ResultsError as error:
            broken.append(error)
            continue
        protocols[own.name] = own
        groups.setdefault(PanelKey.of(record, own), []).append(model)
    if broken and not groups:
        raise broken[0]
    for reason in broken:
        log.warning("%s; it is left out", reason)
    panels = [
        _panel(models, protocols[key.protocol], reference, panel_subset(key, list(groups)))
        for key, models in groups.items()
    ]
    if reference is not None and all(panel.reference is None for panel in panels):
        models = dict.fromkeys(model for panel in panels for model in panel.scores["model"])
        if reference in set(cityscapes_c.published_scores()["model"]):
            raise ResultsError(
                f"reference: {reference} is published on {cityscapes_c.EXTENT}, which no run here "
                "covers; name a model of the runs"
            )
        raise ResultsError(f"reference: {unknown('model', reference, models)}")
    return panels


def panel_subset(key: PanelKey, keys: Sequence[PanelKey]) -> str:
    """Return what tells a panel from others of its dataset, split and protocol."""
    similar = [other for other in keys if other.heading == key.heading and other != key]
    if not similar:
        return ""
    images = counted([key.images], "image")
    same_count = any(other.images == key.images for other in similar)
    return f"{images} of files {key.files}" if same_count else images


def _panel(
    models: Sequence[ScoredModel], protocol: Protocol, reference: str | None, subset: str
) -> Panel:
    first = models[0].records[0]
    names = row_names([(model.name, model.folders[0]) for model in models])
    rows = {name: PanelRow(name, model) for name, model in zip(names, models, strict=True)}
    where = (first.dataset, first.split, protocol, first.images)
    beside = rows_beside(*where)
    tables = [score_row(row, protocol) for row in rows.values()]
    scores = pd.concat([*tables, beside] if len(beside) else tables, ignore_index=True)
    scores = scores.sort_values(["mean", "model"], ascending=[False, True], kind="stable")
    scores = scores.reset_index(drop=True)
    measured = [rows[str(n)] for n in scores.loc[scores["source"] == "measured", "model"]]
    found = reference if reference in set(scores["model"]) else None
    apart = protocol.name == cityscapes_c.PROTOCOL and beside.empty
    return Panel(
        dataset=first.dataset,
        split=first.split,
        protocol=protocol,
        classes=first.classes,
        measured=tuple(measured),
        scores=scores,
        severities=pd.concat([severity_rows(row, protocol) for row in measured], ignore_index=True),
        per_class=pd.concat([class_rows(row, protocol) for row in measured], ignore_index=True),
        category_means=_category_means(scores, protocol),
        degradation=degradation_rows(scores, rows, protocol, found),
        reference=found,
        published_apart=cityscapes_c.published_scores() if apart else None,
        published_elsewhere=rows_elsewhere(*where),
        published_sources=sources_beside(*where),
        subset=subset,
        warnings=panel_warnings(measured, subset, protocol),
    )


def _check_classes(model: ScoredModel, others: Sequence[ScoredModel]) -> None:
    for other in others[:1]:
        first = other.records[0]
        if model.records[0].classes != first.classes:
            raise ResultsError(
                f"{other.folders[0]} and {model.folders[0]}: other classes of one dataset "
                f"({first.dataset} {first.split}) cannot be ranked together; report them apart"
            )


def _category_means(scores: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    """Mean over each category's corruptions; a row for each of `scores`."""
    cells = {name: scores[name].to_numpy(float) for name in protocol.names}
    return pd.DataFrame(category_means(cells, protocol), index=scores.index)
