from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from robustbench_seg.records.cards.protocol import Protocol, load_protocol
from robustbench_seg.reporting.panels.panel_warnings import changing_classes_warning

FOG, SNOW = (replace(load_protocol().perturbations[i], scored=(1, 2)) for i in (8, 9))
PROTOCOL = Protocol("two", "1", "here", (FOG, SNOW))
SEVERITIES = {"clean": (0,), FOG.name: (1, 2, 3), SNOW.name: (1, 2, 3)}


def row(name, iou):
    """A row of a panel; its IoU is a function of corruption, severity and class."""
    rows = [
        {"corruption": corruption, "severity": severity, "class": kind}
        for corruption, severities in SEVERITIES.items()
        for severity in severities
        for kind in ("car", "sky", "train")
    ]
    table = pd.DataFrame(rows)
    table["iou"] = [float(iou(r["corruption"], r["severity"], r["class"])) for r in rows]
    return SimpleNamespace(name=name, scored=SimpleNamespace(class_iou=table))


def test_classes_that_come_and_go_are_said_with_the_mean_of_those_that_stay():
    def iou(corruption, severity, kind):
        if kind == "train":  # absent from the truth; predicted only under fog
            return 0 if corruption == FOG.name else np.nan
        return {"clean": 90, FOG.name: 50, SNOW.name: 30}[corruption] + 10 * (kind == "sky")

    # (50 + 60) / 2 and (30 + 40) / 2; severity 3 does not count.
    text = changing_classes_warning([row("alpha", iou), row("beta", iou)], PROTOCOL)
    assert text == (
        "mIoU is a mean over 2 classes under some conditions and 3 under others: a class without "
        "a pixel in truth and predictions is left out. Over the 2 classes that occur throughout, "
        "the mean over the corruptions is alpha 45.0, beta 45.0."
    )


def test_severities_that_do_not_score_have_no_part():
    def iou(corruption, severity, kind):
        if severity == 3:
            return 0
        return np.nan if kind == "train" else 40

    assert changing_classes_warning([row("a", iou)], PROTOCOL).endswith("corruptions is a 40.0.")


@pytest.mark.parametrize("absent", [(), ("train",)])
def test_the_same_classes_everywhere_need_no_word(absent):
    def iou(corruption, severity, kind):
        return np.nan if kind in absent else 50

    assert changing_classes_warning([row("a", iou)], PROTOCOL) is None


def test_what_is_incomplete_is_no_change_of_classes():
    def iou(corruption, severity, kind):
        return np.nan if corruption == SNOW.name else 50

    assert changing_classes_warning([row("a", iou)], PROTOCOL) is None
