"""Run the steps of an ablation that have not finished, and write its table."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from robustbench_seg.ablation.outcome_table import ablation_table
from robustbench_seg.ablation.paper_differences import differences_from_paper
from robustbench_seg.ablation.published import published_scores
from robustbench_seg.ablation.step_processes import run_step
from robustbench_seg.ablation.steps import EvaluateStep, Step, TrainStep, ablation_steps
from robustbench_seg.files import check_own, write_text
from robustbench_seg.records.cards.model_card import card_text
from robustbench_seg.records.specs.ablation_spec import AblationSpec
from robustbench_seg.reporting.tables.formats import csv, markdown


@dataclass(frozen=True)
class AblationResult:
    """The result of an ablation.

    Attributes:
        table: A row for each model, in the ablation's order; see `ablation_table`.
        note: The differences from the paper's experiment, in words.
        path: The Markdown file with the table and the note; the CSV file is next to it.
    """

    table: pd.DataFrame
    note: str
    path: Path


def run_ablation(
    spec: AblationSpec, *, announce: Callable[[str], object] | None = None
) -> AblationResult:
    """Run an ablation of the SegFormer paper.

    The function trains each network, scores it on clean and corrupted images, and writes a report.
    A table compares the scores with those of the paper. Finished steps are skipped.

    Args:
        spec: The ablation, see `ablation_spec`.
        announce: Called with one line of text before each step.

    Returns:
        The table, a note on the differences from the experiment of the paper, and the path of the
        table.

    Raises:
        RobustsegError: A step failed. The first failure ends the ablation; finished steps are
            kept.

    The example trains five networks, so the tests do not run it:

    >>> spec = rs.ablation_spec("width", out="width")
    >>> rs.run_ablation(spec).table  # doctest: +SKIP
    """
    path = spec.out / "ablation.md"
    check_own(path.with_suffix(".csv"), "model,", path)
    for variant in spec.variants:
        text = card_text(
            spec.ablation.card(variant, full=spec.full),
            f"{spec.ablation.title}: card for training.",
        )
        write_text(spec.card_file(variant), text)
    for step in ablation_steps(spec):
        model = step.finished() if isinstance(step, TrainStep) else None
        if announce:
            announce(f"{step}: {model.summary}" if model else str(step))
        if model is None:
            _run(step, spec.gpus)
    paper = f"paper, {spec.ablation.full.dataset}"
    table = ablation_table(spec.runs, published_scores(spec), paper)
    note = differences_from_paper(spec)
    write_text(path.with_suffix(".csv"), csv(table))
    write_text(path, f"{spec.ablation.title}. {note}\n\n{markdown(table)}")
    return AblationResult(table, note, path)


def _run(step: Step, gpus: int) -> None:
    if gpus > 1 and isinstance(step, TrainStep | EvaluateStep):
        run_step(step, gpus)
    else:
        step.run()
