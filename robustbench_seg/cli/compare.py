"""robustseg compare: two models side by side, with intervals and verdicts."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from robustbench_seg.cli import options
from robustbench_seg.text import text_table

if TYPE_CHECKING:
    import pandas as pd

    from robustbench_seg.records.protocol import Protocol
    from robustbench_seg.results import Model, Reference


@click.command()
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@options.runs()
@options.scoring_protocol()
@options.reference(show_default="B")
@click.option(
    "--csv",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write every number, those of single severities too.",
)
def compare(
    a: str,
    b: str,
    runs: tuple[Path, ...],
    protocol: str | None,
    reference: str | None,
    csv: Path | None,
) -> None:
    """Compare two models: A and B are names of models in RUNS, or run folders.

    Prints each score with its 95 % interval, the difference A - B with its own, and for each
    corruption whether one of the two is shown to be better. Both draw the same images. Several
    runs of one name are one model if they are trainings with seeds of their own.
    """
    from robustbench_seg.files import write_text
    from robustbench_seg.records.protocol import load_protocol
    from robustbench_seg.reporting.tables import formats as tables
    from robustbench_seg.results import (
        Reference,
        clean_gaps,
        model_runs,
        own_protocol,
        read_model,
        read_record,
        resamples_for,
    )
    from robustbench_seg.results import compare as compare_models

    folders = [model_runs(name, runs) for name in (a, b)]
    first = folders[0][0]
    chosen = load_protocol(protocol) if protocol else own_protocol(first, read_record(first))
    draws = resamples_for(len(chosen.names))
    one, two = (read_model(found, chosen, draws) for found in folders)
    against = _reference(reference, runs, chosen, draws, one, two) if reference else None
    against = against or Reference.of(two)
    table = compare_models(one, two, chosen, against)
    for gap in clean_gaps([*one.folders, *two.folders]):
        click.echo(f"warning: {gap}")
    click.echo(_heading(one, two, chosen, against, draws))
    click.echo(_shown(table))
    click.echo(_verdict(table))
    if csv:
        table.insert(0, "model_A", one.name)
        table.insert(1, "model_B", two.name)
        write_text(csv, tables.csv(table))


def _reference(
    name: str, runs: tuple[Path, ...], protocol: "Protocol", draws: int, a: "Model", b: "Model"
) -> "Reference":
    """A, B, a published row, or another model of the runs, in this order."""
    from robustbench_seg.errors import ResultsError
    from robustbench_seg.reporting.literature import published
    from robustbench_seg.results import Reference, check_comparable, model_runs, read_model

    for model in (a, b):
        if name in (model.name, *map(str, model.folders)):
            return Reference.of(model)
    rows = published.cityscapes_c().set_index("model")
    if name in rows.index:
        record = a.records[0]
        here = (record["dataset"], record["split"], protocol.name)
        if here != (published.DATASET, published.SPLIT, published.PROTOCOL):
            raise ResultsError(
                f"--reference: {name} is published on {published.DATASET} {published.SPLIT} under "
                f"{published.PROTOCOL}, not on {' '.join(here[:2])} under {here[2]}; name a model "
                "of the runs"
            )
        (row,) = rows.loc[[name]].to_dict("records")
        return Reference.published(name, {n: row[n] for n in ("clean", *protocol.names)})
    model = read_model(model_runs(name, runs), protocol, draws)
    check_comparable(a, model)
    return Reference.of(model)


def _heading(
    a: "Model", b: "Model", protocol: "Protocol", reference: "Reference", draws: int
) -> str:
    from robustbench_seg.results import DEGRADATION_SOURCE, FEW, unlike

    record, drawn = a.records[0], a.drawn
    lines = [f"{label}  {_named(model)}" for label, model in (("A", a), ("B", b))]
    lines.append(
        f"{len(drawn.images)} images of {record['dataset']} {record['split']}, protocol "
        f"{protocol.name} version {protocol.version}; scored: {protocol.averaged}"
    )
    lines.append(
        f"mIoU in percent with 95 % intervals: bootstrap, {draws} draws of {drawn.units} "
        f"{drawn.unit}, the same for A and B"
    )
    lines += dict.fromkeys(_training(label, model) for label, model in (("A", a), ("B", b)))
    lines.append(f"CD, rCD: against {reference.name}, in percent ({DEGRADATION_SOURCE})")
    if differing := unlike(a, b):
        lines.append(f"mind: A and B differ in {', '.join(differing)}")
    if drawn.units == 1:
        lines.append(f"no intervals: there is but one unit ({drawn.unit})")
    elif drawn.units < FEW:
        lines.append(f"with only {drawn.units} {drawn.unit} intervals and p-values are rough")
    return "\n".join([*lines, ""])


def _named(model: "Model") -> str:
    return f"{model.name}  ({', '.join(map(str, model.folders))})"


def _training(label: str, model: "Model") -> str:
    if model.drawn.trainings == 1:
        return "a model with one run is one training: the luck of training is not covered"
    seeds = ", ".join(map(str, model.seeds))
    return (
        f"{label} is the mean of {model.drawn.trainings} trainings (seeds {seeds}), drawn, too; "
        "so few understate their luck"
    )


def _shown(table: "pd.DataFrame") -> str:
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


def _verdict(table: "pd.DataFrame") -> str:
    found = table.loc[table["kind"] == "corruption", "verdict"]
    counts = {name: int((found == name).sum()) for name in ("A", "B", "open")}
    asked = sum(counts.values())
    return (
        f"\nBetter at 5 % after Holm's adjustment for {asked} corruptions: A on {counts['A']}, "
        f"B on {counts['B']}, open on {counts['open']}. The p of other rows are not adjusted."
    )
