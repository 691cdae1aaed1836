"""The last output of `evaluate`: a short table of the scores of its runs."""

from collections.abc import Sequence
from math import isnan
from pathlib import Path

import pandas as pd

from robustbench_seg.measures import CONFUSION, score_infos
from robustbench_seg.records.cards.protocol import Protocol, load_protocol
from robustbench_seg.records.cards.protocol_words import ProtocolWords
from robustbench_seg.records.runs.run_record import class_maps_text
from robustbench_seg.results import (
    RANKING_SCORE,
    ModelScores,
    ScoreDraws,
    Trainings,
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
    names = {run.path: one_line(run.record.model) for run in runs}
    tables, notes = dict[str, list[tuple[str, ScoreDraws]]](), list[str]()
    for folders in group_records({run.path: run.record for run in runs}):
        counts = _counts(folders)
        if not has_counts(counts):
            continue
        scores = bootstrap(counts, chosen, 0, trainings=Trainings([list(map(str, folders))]))
        shown, name = _first_score(scores), names[folders[0]]
        tables.setdefault(shown, []).append((name, scores.by_key[shown]))
        if len(folders) > 1:
            notes.append(f"{name}: {_seeds(counts, chosen)}")
    if maps := class_maps_text(run.record for run in runs):
        notes.append(f"Scored through the{one_line(maps.removeprefix(','))}.")
    gaps = clean_gap_warnings([run.path for run in runs])
    lines = [f"warning: {one_line(gap)}" for gap in gaps]
    for score, rows in tables.items():
        lines += _table(score, rows, chosen)
    return "\n".join(["", *lines, *notes, "", *(str(run.path) for run in runs)])


def _counts(folders: Sequence[Path]) -> pd.DataFrame:
    """The counts of the runs of a model: of matrices or, if it has none, of all measures."""
    counts = read_counts(folders, [CONFUSION])
    return counts if has_counts(counts) else read_counts(folders)  # takes several times as long


def _seeds(counts: pd.DataFrame, protocol: Protocol) -> str:
    seeds = sorted(map(int, counts["seed"].unique()))
    return seeds_text(seeds, [seed_means(counts, protocol, trainings=1)])


def _first_score(scores: ModelScores) -> str:
    """The score that ranks, or the first observed one."""
    observed = [name for name, draws in scores.by_key.items() if draws.conditions]
    return RANKING_SCORE if RANKING_SCORE in observed else observed[0]


def _table(
    score: str, models: Sequence[tuple[str, ScoreDraws]], protocol: Protocol
) -> Sequence[str]:
    """The lines about a score: what it is, and the score of each model, by the model's name."""
    info = score_infos()[score]
    names, rows = zip(*models, strict=True)
    columns = _columns(rows, protocol)
    ratio = "; retention = mean / clean" if info.higher_is_better else ""
    if not ratio:
        del columns["retention"]
    table = pd.DataFrame({"model": names, **columns})
    return [
        *([f"{NO_MATRICES} to rank and compare models"] if score != RANKING_SCORE else []),
        f"{info.label} in percent{ratio}.{_averaged_text(rows, protocol)}",
        table.to_string(index=False, float_format=lambda value: f"{value:.1f}", na_rep="-"),
    ]


def _averaged_text(rows: Sequence[ScoreDraws], protocol: Protocol) -> str:
    """The severities in the means of perturbations that any row has; empty if there is no mean."""
    scored = [
        each
        for each in protocol.averaged
        if not all(isnan(score_of(row.summary.perturbations[each.name])) for row in rows)
    ]
    return f" Averaged: severities {ProtocolWords(tuple(scored)).scored_text}." if scored else ""


def _columns(rows: Sequence[ScoreDraws], protocol: Protocol) -> dict[str, list[float]]:
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
            if show(name, [score_of(row.summary.perturbations[name]) for row in rows]):
                continue
            for condition in protocol.conditions([name]):
                cells = [score_of(row.cell(condition)) for row in rows]
                show(f"{name} {condition.severity}", cells)
    columns["mean"] = [score_of(row.summary.mean) for row in rows]
    columns["retention"] = [score_of(row.summary.retention) for row in rows]
    return columns
