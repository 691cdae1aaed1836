"""Two models side by side: every score with its interval, the differences, and verdicts.

A verdict is given for each corruption. Sixteen questions at a level of 5 % each would find some
difference between equal models in up to every other study, so the p-values are adjusted by Holm's
step-down procedure (Scandinavian Journal of Statistics, 1979): the chance of even one false
verdict stays below 5 %, however the corruptions depend on each other (the four noises do), and it
finds all that Bonferroni's finds. The intervals are not adjusted: each is one of 95 % by itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from robustbench_seg.errors import ResultsError
from robustbench_seg.measures import ScoreArray
from robustbench_seg.records.protocol import CLEAN, Condition, Protocol
from robustbench_seg.results.degradation import cd, rcd
from robustbench_seg.results.intervals import RANKED, Draws, check_paired, interval
from robustbench_seg.results.models import ScoredModel
from robustbench_seg.results.scores import Summary, with_every_severity
from robustbench_seg.results.significance import ALPHA, holm, p_value

COLUMNS = [
    *("kind", "score", "severities", "A", "A_low", "A_high", "B", "B_low", "B_high"),
    *("difference", "low", "high", "p", "p_holm", "verdict", "reason"),
]

_NOTED = ("precision", "inference", "windows", "stride")

NO_REFERENCE = "the reference has no such score, or loses nothing"


@dataclass(frozen=True, eq=False)
class Reference:
    """The model that CD and rCD are against: its draws, or the numbers of a published row."""

    name: str
    clean: ScoreArray
    corruptions: Mapping[str, ScoreArray]

    @classmethod
    def of(cls, model: ScoredModel) -> "Reference":
        """A model of the study."""
        return cls(model.name, model.scores.summary.clean, model.scores.summary.corruptions)

    @classmethod
    def published(cls, name: str, row: Mapping[str, float]) -> "Reference":
        """A row of a published table: clean and each corruption of the protocol, in percent."""
        cells = {corruption: np.asarray(score, float) for corruption, score in row.items()}
        return cls(name, cells.pop(CLEAN.name), cells)


def compare_models(
    a: ScoredModel, b: ScoredModel, protocol: Protocol, reference: Reference
) -> pd.DataFrame:
    """Every score of two models, all in percent, and of their difference A - B.

    Columns: kind (clean, condition, corruption, category, summary, CD, rCD; the name of any
    further score, such as image_miou), score (what it is of),
    severities (which it averages), A, A_low, A_high, B, B_low, B_high, difference, low, high (95 %
    intervals of a bootstrap in pairs), p (two-sided, of the same draws), and for the corruptions
    p_holm (adjusted for all of them) and verdict (A, B: which is better; open: neither is shown to
    be); reason (why a score is missing). The draws of a single unit tell nothing: no interval then.

    Raises ResultsError if the two do not compare (see check_comparable).
    """
    check_comparable(a, b)
    records = []
    for kind, score, severities, first, second in _rows(a, b, protocol, reference):
        difference = first - second
        record: dict[str, object] = {"kind": kind, "score": score, "severities": severities}
        for name, ends, draws in (
            ("A", ("A_low", "A_high"), first),
            ("B", ("B_low", "B_high"), second),
            ("difference", ("low", "high"), difference),
        ):
            limits = interval(draws, a.scores.units)
            record |= {name: float(draws[0]), **dict(zip(ends, limits, strict=True))}
        record["p"] = p_value(difference, a.scores.units)
        empty = [model for model, draws in ((a, first), (b, second)) if np.isnan(draws[0])]
        record["reason"] = _why(a, b, empty, kind, score, protocol)
        records.append(record)
    table = pd.DataFrame(records, columns=COLUMNS).astype({"p_holm": float, "verdict": object})
    rows = table["kind"] == "corruption"
    table.loc[rows, "p_holm"] = holm(table.loc[rows, "p"].to_numpy(float))
    table["verdict"] = [
        "" if np.isnan(p) else "open" if p >= ALPHA else "A" if points > 0 else "B"
        for p, points in zip(table["p_holm"], table["difference"], strict=True)
    ]
    return table


def check_comparable(a: ScoredModel, b: ScoredModel) -> None:
    """ResultsError unless two models were scored on the same images, corrupted as strongly."""
    for difference in a.records[0].differences(b.records[0]):
        if difference.kind == "data" and difference.name != "number of images":
            raise ResultsError(
                f"{a.folders[0]} and {b.folders[0]} do not compare: they differ in "
                f"{difference.name}; name runs of the same images"
            )
    check_paired(a.scores, b.scores)


def reading_notes(models: Sequence[ScoredModel]) -> list[str]:
    """In what models that compare differ besides, and a reader must know: draws, inference."""
    notes = dict[str, dict[str, None]]()
    first = models[0].records[0]
    for model in models[1:]:
        for difference in first.differences(model.records[0]):
            if difference.kind == "corruption" or difference.name in _NOTED:
                values = dict.fromkeys((difference.one, difference.other))
                notes.setdefault(difference.name, {}).update(values)
    return [f"{name} {' and '.join(values)}" for name, values in notes.items()]


def _rows(
    a: ScoredModel, b: ScoredModel, protocol: Protocol, reference: Reference
) -> Iterator[tuple[str, str, str, Draws, Draws]]:
    """kind, score, severities, draws of A, draws of B."""
    first, second = a.scores.summary, b.scores.summary
    yield "clean", CLEAN.name, "", first.clean, second.clean
    for condition in protocol.conditions():
        one, two = (model.scores.cell(condition) for model in (a, b))
        yield "condition", condition.name, str(condition.severity), one, two
    for spec in protocol.corruptions:
        one, two = (summary.corruptions[spec.name] for summary in (first, second))
        yield "corruption", spec.name, spec.scored_text, one, two
    for category, specs in protocol.by_category.items():
        text = ", ".join(dict.fromkeys(spec.scored_text for spec in specs))
        yield "category", category, text, first.categories[category], second.categories[category]
    yield "summary", "mean", "scored", first.mean, second.mean
    yield "summary", "retention", "scored", first.retention, second.retention
    yield "summary", "mPC", "1-5", first.mpc, second.mpc
    yield "summary", "rPC", "1-5", first.rpc, second.rpc
    for kind in ("CD", "rCD"):
        lost, others = (_degradation(kind, summary, reference) for summary in (first, second))
        for spec in protocol.corruptions:
            yield kind, spec.name, spec.scored_text, lost[spec.name], others[spec.name]
        yield "summary", kind, "scored", _mean(lost), _mean(others)
    yield from _measure_rows(a, b, protocol)


def _measure_rows(
    a: ScoredModel, b: ScoredModel, protocol: Protocol
) -> Iterator[tuple[str, str, str, Draws, Draws]]:
    """The rows of every score but the one that ranks; their kind is the score's name."""
    for name, one in a.scores.by_name.items():
        if name == RANKED:
            continue
        first, second = one.summary, b.scores.by_name[name].summary
        yield name, CLEAN.name, "", first.clean, second.clean
        for spec in protocol.corruptions:
            cells = first.corruptions[spec.name], second.corruptions[spec.name]
            yield name, spec.name, spec.scored_text, *cells
        yield name, "mean", "scored", first.mean, second.mean
        yield name, "retention", "scored", first.retention, second.retention


def _degradation(kind: str, summary: Summary, reference: Reference) -> Mapping[str, Draws]:
    degraded = {}
    for name, scores in summary.corruptions.items():
        theirs = reference.corruptions[name]
        if kind == "CD":
            degraded[name] = cd(scores, theirs)
        else:
            degraded[name] = rcd(scores, summary.clean, theirs, reference.clean)
    return degraded


def _mean(scores: Mapping[str, Draws]) -> Draws:
    return np.asarray(np.mean([*scores.values()], axis=0))


def _why(
    a: ScoredModel,
    b: ScoredModel,
    empty: Sequence[ScoredModel],
    kind: str,
    score: str,
    protocol: Protocol,
) -> str:
    """Why those of the two models that are `empty` have no such score."""
    said = dict[str, list[str]]()
    for label, model in (("A", a), ("B", b)):
        if model in empty:
            said.setdefault(_lacking(model, kind, score, protocol), []).append(label)
    return "; ".join(f"{' and '.join(labels)}: {why}" for why, labels in said.items())


def _lacking(model: ScoredModel, kind: str, score: str, protocol: Protocol) -> str:
    drawn = model.scores.by_name.get(kind, model.scores.by_name[RANKED])
    if kind in model.scores.by_name and not drawn.conditions:
        return f"no image has {kind}; evaluate again to add it"
    if kind not in ("category", "summary") and score not in ("mean", "retention"):
        other = NO_REFERENCE if kind in ("CD", "rCD") else f"not every image has {kind}"
        return model.missing.get(score, other)
    averaged = protocol if score not in ("mPC", "rPC") else with_every_severity(protocol)
    names = [
        spec.name
        for spec in averaged.corruptions
        if kind != "category" or spec.category == score
        if any(np.isnan(drawn.cell(Condition(spec.name, s))[0]) for s in spec.scored)
    ]
    if score in ("retention", "rPC", "rCD") and np.isnan(drawn.summary.clean[0]):
        names.insert(0, CLEAN.name)
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"lacks {', '.join(names[:3])}{more}" if names else NO_REFERENCE
