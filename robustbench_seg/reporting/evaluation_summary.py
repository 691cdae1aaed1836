"""The last output of `evaluate`: a short table of the scores of its runs."""

from collections.abc import Mapping, Sequence
from math import isnan
from pathlib import Path

import pandas as pd

from robustbench_seg.measures import CONFUSION, score_infos
from robustbench_seg.records.cards.protocol import Protocol, load_protocol
from robustbench_seg.records.runs.run_record import class_maps_text
from robustbench_seg.results import (
    RANKING_SCORE,
    ModelScores,
    ScoreDraws,
    bootstrap,
    clean_gap_warnings,
    score_of,
    seed_means,
    seeds_text,
)
from robustbench_seg.store import NO_MATRICES, Run, group_records, has_counts, read_counts
from robustbench_seg.text import one_line


def summary_text(runs: Sequence[Run], protocol: str | Path | Protocol) -> str:
    """Write the scores of runs as a table, with warnings before it and the run folders after it.

    Args:
        runs: The runs of one evaluation: for each model, one for each seed of the corruptions. A
            model without a scored image has no row.
        protocol: The protocol of the averages: a name, TOML file or Protocol.

    Returns:
        The mIoU of each model: clean, complete categories, and their mean. A model without
        confusion matrices has its first other score.
    """
    chosen = load_protocol(protocol)
    models = dict[str, dict[Path, ModelScores]]()
    notes = []
    for folders in group_records({run.path: run.record for run in runs}):
        counts = read_counts(folders, [CONFUSION])
        if not has_counts(counts):
            counts = read_counts(folders)  # those of all measures take several times as long
        if has_counts(counts):
            scores = bootstrap(counts, chosen, 0, runs_by_training=[list(map(str, folders))])
            models.setdefault(_first_score(scores), {})[folders[0]] = scores
            if len(folders) > 1:
                notes.append(f"{counts['model'].iloc[0]}: {_seeds(counts, chosen)}")
    gaps = clean_gap_warnings([run.path for run in runs])
    lines = [f"warning: {one_line(text)}" for text in gaps]
    names = {run.path: one_line(run.record.model) for run in runs}
    infos = score_infos()
    for score, by_run in models.items():
        if score != RANKING_SCORE:
            lines.append(f"{NO_MATRICES} to rank and compare models")
        ratio = "; retention = mean / clean" if infos[score].higher_is_better else ""
        rows = [scores.by_name[score] for scores in by_run.values()]
        columns = {"model": [names[path] for path in by_run], **_columns(rows, chosen)}
        has_means = columns.keys() & {*chosen.by_category, *chosen.names}
        averaged = f" Averaged: severities {chosen.scored_text}." if has_means else ""
        lines.append(f"{infos[score].label} in percent{ratio}.{averaged}")
        if not ratio:
            del columns["retention"]
        lines.append(
            pd.DataFrame(columns).to_string(
                index=False, float_format=lambda value: f"{value:.1f}", na_rep="-"
            )
        )
    if maps := class_maps_text(run.record for run in runs):
        notes.append(f"Scored through the{maps.removeprefix(',')}.")
    lines += map(one_line, notes)
    return "\n".join(["", *lines, "", *(str(run.path) for run in runs)])


def _seeds(counts: pd.DataFrame, protocol: Protocol) -> str:
    seeds = sorted(map(int, counts["seed"].unique()))
    return seeds_text(seeds, [seed_means(counts, protocol, trainings=1)])


def _first_score(scores: ModelScores) -> str:
    """The score that ranks, or the first observed one."""
    observed = [name for name, draws in scores.by_name.items() if draws.conditions]
    return RANKING_SCORE if RANKING_SCORE in observed else observed[0]


def _columns(rows: Sequence[ScoreDraws], protocol: Protocol) -> Mapping[str, list[float]]:
    """Clean, the coarsest complete scores, mean and retention; a value for each of `rows`.

    If a category is complete in no row, its corruptions are shown, and if a corruption is complete
    in no row, its conditions, such as "fog 3".
    """
    columns = {"clean": [score_of(row.summary.clean) for row in rows]}

    def show(name: str, values: list[float]) -> bool:
        if all(map(isnan, values)):
            return False
        columns[name] = values
        return True

    for category, perturbations in protocol.by_category.items():
        if show(category, [score_of(row.summary.categories[category]) for row in rows]):
            continue
        for name in [perturbation.name for perturbation in perturbations]:
            if show(name, [score_of(row.summary.corruptions[name]) for row in rows]):
                continue
            for condition in protocol.conditions([name]):
                cells = [score_of(row.cell(condition)) for row in rows]
                show(f"{name} {condition.severity}", cells)
    columns["mean"] = [score_of(row.summary.mean) for row in rows]
    columns["retention"] = [score_of(row.summary.retention) for row in rows]
    return columns
