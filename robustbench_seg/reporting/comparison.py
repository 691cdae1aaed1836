"""`compare`: two models side by side, as a table and in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from robustbench_seg.errors import ResultsError
from robustbench_seg.records.protocol import Protocol, load_protocol
from robustbench_seg.records.run_record import RunRecord, read_record
from robustbench_seg.reporting.literature import published
from robustbench_seg.results import (
    DEGRADATION_CITATION,
    FEW,
    Reference,
    ScoredModel,
    check_comparable,
    clean_gap_warnings,
    compare_models,
    model_runs,
    own_protocol,
    read_model,
    reading_notes,
    resamples_for,
)
from robustbench_seg.text import one_line, text_table

Paths = Path | str | Sequence[Path | str]


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two models, compared.

    Attributes:
        a: The first model.
        b: The second model.
        protocol: What they are scored under.
        reference: What CD and rCD are against.
        draws: Draws of the bootstrap.
        table: Every score and difference, with the columns of `compare`.
        warnings: What casts doubt on the scores themselves.
    """

    a: ScoredModel
    b: ScoredModel
    protocol: Protocol
    reference: Reference
    draws: int
    table: pd.DataFrame
    warnings: Sequence[str] = ()

    @property
    def text(self) -> str:
        """What is compared, the scores, and the number of verdicts."""
        return f"{_heading(self)}\n{_table_text(self.table)}\n{_verdict_line(self.table)}"


def compare_runs(
    a: str,
    b: str,
    *,
    runs: Paths = "runs",
    protocol: str | Path | Protocol | None = None,
    reference: str | None = None,
) -> Comparison:
    """Compare two models, and return the comparison; see `compare` for the arguments."""
    folders = (runs,) if isinstance(runs, str | Path) else tuple(runs)
    a_folders, b_folders = (model_runs(name, folders) for name in (a, b))
    if protocol is None:
        loaded = own_protocol(a_folders[0], read_record(a_folders[0]))
    else:
        loaded = protocol if isinstance(protocol, Protocol) else load_protocol(protocol)
    draws = resamples_for(len(loaded.names))
    model_a, model_b = (read_model(found, loaded, draws) for found in (a_folders, b_folders))
    warnings = clean_gap_warnings([*model_a.folders, *model_b.folders])
    against = Reference.of_model(model_b)
    if reference is not None:
        measured = _compared_reference(reference, model_a, model_b)
        literature = None
        if measured is None:
            literature = _published_reference(reference, model_a.records[0], loaded)
        if literature is not None:
            warnings += _image_warnings(reference, model_a.records[0])
        against = (
            measured or literature or _other_reference(reference, folders, loaded, draws, model_a)
        )
    table = compare_models(model_a, model_b, loaded, against)
    table.insert(0, "model_A", model_a.name)
    table.insert(1, "model_B", model_b.name)
    return Comparison(model_a, model_b, loaded, against, draws, table, warnings)


def compare(
    a: str,
    b: str,
    *,
    runs: Paths = "runs",
    protocol: str | Path | Protocol | None = None,
    reference: str | None = None,
) -> pd.DataFrame:
    """Compare two models on the same images: every score, its difference, and a verdict.

    Args:
        a: Name of a model in the runs, or a run folder. Several runs of one name are one model if
            they are trainings with seeds of their own.
        b: The other one.
        runs: Run folders, or folders of them, to look for names in.
        protocol: Score under this one, a name, TOML file or Protocol. None: that of A's run.
        reference: Model that CD and rCD are relative to: one of the runs, or a published row.
            None: B.

    Returns:
        Columns model_A, model_B, kind, score, severities, A, A_low, A_high, B, B_low, B_high,
        difference, low, high (95 % intervals), p, p_holm, verdict (A, B or open), reason. In
        percent.

    Raises:
        ResultsError: There is no such model, its name may mean several, or the two were not
            scored on the same images.
    """
    return compare_runs(a, b, runs=runs, protocol=protocol, reference=reference).table


def _compared_reference(name: str, a: ScoredModel, b: ScoredModel) -> Reference | None:
    """A or B, if the name is one of theirs."""
    for model in (a, b):
        if name in (model.name, *map(str, model.folders)):
            return Reference.of_model(model)
    return None


def _published_reference(name: str, record: RunRecord, protocol: Protocol) -> Reference | None:
    """The published row of a name; None if there is none."""
    rows = published.cityscapes_c().set_index("model")
    if name not in rows.index:
        return None
    if not published.ranks_beside(record.dataset, record.split, protocol.name):
        raise ResultsError(
            f"reference: {name} is published on {published.DATASET} {published.SPLIT} under "
            f"{published.PROTOCOL}, not on {record.dataset} {record.split} under {protocol.name}; "
            "name a model of the runs"
        )
    (row,) = rows.loc[[name]].to_dict("records")
    return Reference.of_row(name, {n: row[n] for n in ("clean", *protocol.names)})


def _image_warnings(name: str, record: RunRecord) -> list[str]:
    """A warning if a published reference was scored on another number of images."""
    if record.images == published.IMAGES:
        return []
    return [
        f"{name} is published on {published.IMAGES} images, A and B are on {record.images}: CD and "
        "rCD against it do not compare with published ones; name a model of the runs"
    ]


def _other_reference(
    name: str, runs: Sequence[Path | str], protocol: Protocol, draws: int, a: ScoredModel
) -> Reference:
    """Another model of the runs."""
    model = read_model(model_runs(name, runs), protocol, draws)
    check_comparable(a, model)
    return Reference.of_model(model)


def _heading(comparison: Comparison) -> str:
    a, b, protocol = comparison.a, comparison.b, comparison.protocol
    record, scores = a.records[0], a.scores
    models = (("A", a), ("B", b))
    lines = [f"{label}  {_model_line(model)}" for label, model in models]
    lines.append(
        f"{len(scores.images)} images of {record.dataset} {record.split}, protocol "
        f"{protocol.name} version {protocol.version}; scored: {protocol.averaged}"
    )
    lines.append(
        f"mIoU in percent with 95 % intervals: bootstrap, {comparison.draws} draws of "
        f"{scores.units} {scores.unit}, the same for A and B"
    )
    lines += dict.fromkeys(_training_line(label, model) for label, model in models)
    lines.append(
        f"CD, rCD: against {comparison.reference.name}, in percent ({DEGRADATION_CITATION})"
    )
    if notes := reading_notes((a, b)):
        lines.append(f"mind: A and B differ in {', '.join(notes)}")
    if scores.units == 1:
        lines.append(f"no intervals: there is but one unit ({scores.unit})")
    elif scores.units < FEW:
        lines.append(f"with only {scores.units} {scores.unit} intervals and p-values are rough")
    return "\n".join([*map(one_line, lines), ""])


def _model_line(model: ScoredModel) -> str:
    return f"{model.name}  ({', '.join(map(str, model.folders))})"


def _training_line(label: str, model: ScoredModel) -> str:
    if model.scores.trainings == 1:
        return "a model with one run is one training: the luck of training is not covered"
    seeds = ", ".join(map(str, model.seeds))
    return (
        f"{label} is the mean of {model.scores.trainings} trainings (seeds {seeds}); the intervals "
        "draw them as well, but so few understate the luck of training"
    )


def _table_text(table: pd.DataFrame) -> str:
    rows = table[table["kind"].isin(["clean", "corruption", "category", "summary"])]
    head = ["", "severities", "A", "B", "A - B", "p", "better"]
    lines, kind = [head], "clean"
    for row in rows.to_dict("records"):
        if row["kind"] != kind:
            lines.append([""] * len(head))
            kind = row["kind"]
        p = row["p_holm"] if kind == "corruption" else row["p"]
        lines.append(
            [
                row["score"].replace("_", " "),
                row["severities"],
                _interval_text(row["A"], row["A_low"], row["A_high"]),
                _interval_text(row["B"], row["B_low"], row["B_high"]),
                _interval_text(row["difference"], row["low"], row["high"], sign="+"),
                "" if p != p else f"{p:.3f}",
                row["verdict"] or row["reason"],
            ]
        )
    return text_table(lines, left=[0, 1, len(head) - 1])


def _interval_text(score: float, low: float, high: float, sign: str = "") -> str:
    if score != score:
        return "-"
    ends = f" [{low:{sign}.1f}, {high:{sign}.1f}]" if low == low else ""
    return f"{score:{sign}.1f}{ends}"


def _verdict_line(table: pd.DataFrame) -> str:
    verdicts = table.loc[table["kind"] == "corruption", "verdict"]
    counts = {name: int((verdicts == name).sum()) for name in ("A", "B", "open")}
    return (
        f"\nBetter at 5 % after Holm's adjustment for {sum(counts.values())} corruptions: A on "
        f"{counts['A']}, B on {counts['B']}, open on {counts['open']}. The p of other rows are not "
        "adjusted."
    )
