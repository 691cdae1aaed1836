"""`compare`: two models side by side, as a table and in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from robustbench_seg.errors import ResultsError
from robustbench_seg.records.protocol import Protocol, load_protocol
from robustbench_seg.records.run_record import read_record
from robustbench_seg.reporting.literature import published
from robustbench_seg.results import (
    DEGRADATION_SOURCE,
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
from robustbench_seg.text import text_table

Paths = Path | str | Sequence[Path | str]


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two models, compared.

    Attributes:
        a, b: The models.
        protocol: What they are scored under.
        reference: What CD and rCD are against.
        draws: Draws of the bootstrap.
        table: Every score and difference; see results.compare_models.
    """

    a: ScoredModel
    b: ScoredModel
    protocol: Protocol
    reference: Reference
    draws: int
    table: pd.DataFrame

    @property
    def warnings(self) -> list[str]:
        """What casts doubt on the scores themselves."""
        return clean_gap_warnings([*self.a.folders, *self.b.folders])

    @property
    def text(self) -> str:
        """What is compared, the scores, and how many verdicts there are."""
        heading = _heading(self.a, self.b, self.protocol, self.reference, self.draws)
        return f"{heading}\n{_shown(self.table)}\n{_verdict(self.table)}"


def compare_runs(
    a: str,
    b: str,
    *,
    runs: Paths = "runs",
    protocol: str | Path | Protocol | None = None,
    reference: str | None = None,
) -> Comparison:
    """Compare two models; see `compare`."""
    named = (runs,) if isinstance(runs, str | Path) else tuple(runs)
    folders = [model_runs(name, named) for name in (a, b)]
    first = folders[0][0]
    if protocol is None:
        chosen = own_protocol(first, read_record(first))
    else:
        chosen = protocol if isinstance(protocol, Protocol) else load_protocol(protocol)
    draws = resamples_for(len(chosen.names))
    one, two = (read_model(found, chosen, draws) for found in folders)
    against = Reference.of(two)
    if reference is not None:
        against = _reference(reference, named, chosen, draws, one, two)
    table = compare_models(one, two, chosen, against)
    table.insert(0, "model_A", one.name)
    table.insert(1, "model_B", two.name)
    return Comparison(one, two, chosen, against, draws, table)


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
        protocol: Score under this one, a name, TOML file or Protocol; None: that of A's run.
        reference: ScoredModel that CD and rCD are relative to: one of the runs, or a published row;
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


def _reference(
    name: str,
    runs: Sequence[Path | str],
    protocol: Protocol,
    draws: int,
    a: ScoredModel,
    b: ScoredModel,
) -> Reference:
    """A, B, a published row, or another model of the runs, in this order."""
    for model in (a, b):
        if name in (model.name, *map(str, model.folders)):
            return Reference.of(model)
    rows = published.cityscapes_c().set_index("model")
    if name in rows.index:
        record = a.records[0]
        here = (record.dataset, record.split, protocol.name)
        if here != (published.DATASET, published.SPLIT, published.PROTOCOL):
            raise ResultsError(
                f"reference: {name} is published on {published.DATASET} {published.SPLIT} under "
                f"{published.PROTOCOL}, not on {' '.join(here[:2])} under {here[2]}; name a model "
                "of the runs"
            )
        (row,) = rows.loc[[name]].to_dict("records")
        return Reference.published(name, {n: row[n] for n in ("clean", *protocol.names)})
    model = read_model(model_runs(name, runs), protocol, draws)
    check_comparable(a, model)
    return Reference.of(model)


def _heading(
    a: ScoredModel, b: ScoredModel, protocol: Protocol, reference: Reference, draws: int
) -> str:
    record, drawn = a.records[0], a.scores
    lines = [f"{label}  {_named(model)}" for label, model in (("A", a), ("B", b))]
    lines.append(
        f"{len(drawn.images)} images of {record.dataset} {record.split}, protocol "
        f"{protocol.name} version {protocol.version}; scored: {protocol.averaged}"
    )
    lines.append(
        f"mIoU in percent with 95 % intervals: bootstrap, {draws} draws of {drawn.units} "
        f"{drawn.unit}, the same for A and B"
    )
    lines += dict.fromkeys(_training(label, model) for label, model in (("A", a), ("B", b)))
    lines.append(f"CD, rCD: against {reference.name}, in percent ({DEGRADATION_SOURCE})")
    if differing := reading_notes((a, b)):
        lines.append(f"mind: A and B differ in {', '.join(differing)}")
    if drawn.units == 1:
        lines.append(f"no intervals: there is but one unit ({drawn.unit})")
    elif drawn.units < FEW:
        lines.append(f"with only {drawn.units} {drawn.unit} intervals and p-values are rough")
    return "\n".join([*lines, ""])


def _named(model: ScoredModel) -> str:
    return f"{model.name}  ({', '.join(map(str, model.folders))})"


def _training(label: str, model: ScoredModel) -> str:
    if model.scores.trainings == 1:
        return "a model with one run is one training: the luck of training is not covered"
    seeds = ", ".join(map(str, model.seeds))
    return (
        f"{label} is the mean of {model.scores.trainings} trainings (seeds {seeds}), drawn, too; "
        "so few understate their luck"
    )


def _shown(table: pd.DataFrame) -> str:
    rows = table[table["kind"].isin(["clean", "corruption", "category", "summary"])]
    head = ["", "severities", "A", "B", "A - B", "p", "better"]
    lines, kind = [head], "clean"
    for row in rows.to_dict("records"):
        if row["kind"] != kind:
            lines.append([""] * len(head))
            kind = row["kind"]
        adjusted = row["p_holm"] if kind == "corruption" else row["p"]
        lines.append(
            [
                row["score"].replace("_", " "),
                row["severities"],
                _cell(row["A"], row["A_low"], row["A_high"]),
                _cell(row["B"], row["B_low"], row["B_high"]),
                _cell(row["difference"], row["low"], row["high"], sign="+"),
                "" if adjusted != adjusted else f"{adjusted:.3f}",
                row["verdict"] or row["reason"],
            ]
        )
    return text_table(lines, left=[0, 1, len(head) - 1])


def _cell(score: float, low: float, high: float, sign: str = "") -> str:
    if score != score:
        return "-"
    ends = f" [{low:{sign}.1f}, {high:{sign}.1f}]" if low == low else ""
    return f"{score:{sign}.1f}{ends}"


def _verdict(table: pd.DataFrame) -> str:
    found = table.loc[table["kind"] == "corruption", "verdict"]
    counts = {name: int((found == name).sum()) for name in ("A", "B", "open")}
    asked = sum(counts.values())
    return (
        f"\nBetter at 5 % after Holm's adjustment for {asked} corruptions: A on {counts['A']}, "
        f"B on {counts['B']}, open on {counts['open']}. The p of other rows are not adjusted."
    )
