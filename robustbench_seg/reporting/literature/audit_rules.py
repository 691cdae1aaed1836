"""The rules of the audit: conditions that a credible published result satisfies.

They use only the scores of a row, not the scores that these should predict. The TOML file of a
published table names the rules that fit its protocol. For example, a mean over all severities may
be far below clean under brightness.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.literature.table_description import RuleName

SUMMARY_TOLERANCE = 0.06
"""Tolerance between a stored summary and the summary of the cells: both are rounded."""

BRIGHTNESS_LOSS = 9.0
"""Maximum loss under brightness, in points. Sound rows lose at most 1.5 points at severity 3."""

COLLAPSED = 5.0
"""A sound model has at least one cell above this."""

Unusable = Literal["cells", "summary"]
"""The unusable part of a row: its cells, or only the summary that the source states."""

Check = Callable[[Mapping[str, float], Sequence[str]], str]
"""Maps the scores of a row and the names of its corruptions to a description of the fault, or
"".
"""


@dataclass(frozen=True)
class Rule:
    """A rule.

    Attributes:
        unusable: The part of a row that cannot be used if the row breaks the rule.
        check: Describes the fault of a row.
    """

    unusable: Unusable
    check: Check


@dataclass(frozen=True)
class Flag:
    """The result of the audit for a row that breaks a rule.

    Attributes:
        unusable: The part of the row that cannot be used, "cells" before "summary".
        text: All faults, in words.
    """

    unusable: Unusable
    text: str


def _brightness(row: Mapping[str, float], corruptions: Sequence[str]) -> str:
    loss = row[CLEAN.name] - row["brightness"]
    return f"brightness {loss:.1f} below clean" if loss > BRIGHTNESS_LOSS else ""


def _collapse(row: Mapping[str, float], corruptions: Sequence[str]) -> str:
    worst = max(row[name] for name in corruptions)
    return f"all corruptions below {COLLAPSED:g}" if worst < COLLAPSED else ""


def _stored_mean(row: Mapping[str, float], corruptions: Sequence[str]) -> str:
    cells = float(np.mean([row[name] for name in corruptions]))
    return _difference("mean", row["stored_mean"], cells)


def _stored_worst(row: Mapping[str, float], corruptions: Sequence[str]) -> str:
    return _difference("minimum", row["stored_worst"], min(row[name] for name in corruptions))


def _difference(name: str, stored: float, cells: float) -> str:
    if not abs(stored - cells) > SUMMARY_TOLERANCE:
        return ""
    return f"stored {name} {stored:.2f}, but {cells:.2f} from the cells"


RULES: Mapping[RuleName, Rule] = {
    "collapse": Rule("cells", _collapse),
    "brightness": Rule("cells", _brightness),
    "stored_mean": Rule("summary", _stored_mean),
    "stored_worst": Rule("summary", _stored_worst),
}
"""Maps the name of a rule to the rule; rules about cells come before rules about summaries."""


def audit_row(
    row: Mapping[str, float], corruptions: Sequence[str], rules: Sequence[RuleName]
) -> Flag | None:
    """Apply rules to a row.

    Args:
        row: Its scores in percent: clean, each corruption, and the values that the rules compare.
        corruptions: Names of its corruptions.
        rules: Names of the rules.

    Returns:
        The flag of the row; None if it breaks no rule.
    """
    texts = {name: RULES[name].check(row, corruptions) for name in RULES if name in rules}
    broken = [name for name, text in texts.items() if text]
    if not broken:
        return None
    return Flag(RULES[broken[0]].unusable, "; ".join(texts[name] for name in broken))
