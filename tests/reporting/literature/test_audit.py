"""The audit: the rows that contradict themselves, and no others."""

from dataclasses import replace

import pytest

from robustbench_seg.reporting.literature.audit import AUDIT_COLUMNS, audit
from robustbench_seg.reporting.literature.audit_rules import RULES, Flag, audit_row
from robustbench_seg.reporting.literature.catalogue import literature
from robustbench_seg.reporting.literature.claims import claims

SEGFORMER = [("segformer-mit-b0", "summary")] + [
    (f"segformer-mit-b{n}", "cells") for n in range(1, 6)
]


def test_ten_rows_of_semsegbench_are_inconsistent_and_no_more():
    found = audit()
    assert tuple(found.columns) == AUDIT_COLUMNS
    rows = found[found["source"] == "semsegbench"]
    assert [tuple(row) for row in rows[["model", "dataset", "crop", "kind"]].to_numpy()] == [
        ("deeplabv3plus-resnet18", "cityscapes", "512x1024", "cells"),
        *((model, "cityscapes", "512x1024", kind) for model, kind in SEGFORMER),
        ("deeplabv3-resnet50", "ade20k", "512x512", "cells"),
        ("deeplabv3-resnet101", "ade20k", "512x512", "cells"),
        ("upernet-internimage-t", "voc", "512x512", "cells"),
    ]
    assert "stored minimum 32.78, but 22.25 from the cells" in rows["flag"].iloc[2]
    assert "brightness 18.0 below clean" in rows["flag"].iloc[2]


def test_two_claims_do_not_follow_from_their_table():
    found = audit()
    rest = found[found["source"] != "semsegbench"]
    assert (
        rest[["source", "model", "kind"]].to_numpy().tolist()
        == [["claims", "SegFormer-B5", "claim"]] * 2
    )
    assert "588 %" in rest["flag"].iloc[0]
    assert "gives 950.9 % (GSCNN); ICNet gives it" in rest["flag"].iloc[0]
    assert "295 %" in rest["flag"].iloc[1]
    assert "gives 546.0 % (ICNet)" in rest["flag"].iloc[1]


def test_a_claim_that_is_right_is_no_entry(monkeypatch):
    right = [
        replace(each, claim=replace(each.claim, claimed=round(each.recomputed, digits)))
        for each, digits in zip(claims(), (0, 0, 1, 1), strict=True)
    ]
    monkeypatch.setattr("robustbench_seg.reporting.literature.audit.claims", lambda: right)
    assert "claims" not in set(audit()["source"])


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({}, None, ""),
        ({"brightness": 71.0}, None, ""),  # the limit itself, 9 below clean, is allowed
        ({"brightness": 70.9}, "cells", "brightness 9.1 below clean"),
        ({"stored_mean": 57.5 + 0.05}, None, ""),
        ({"stored_mean": 57.5 + 0.07}, "summary", "stored mean 57.57, but 57.50 from the cells"),
        (
            {"stored_worst": 40.0 - 0.07},
            "summary",
            "stored minimum 39.93, but 40.00 from the cells",
        ),
        (
            {"stored_worst": 30.0, "brightness": 50.0, "stored_mean": 45.0},
            "cells",
            "brightness 30.0 below clean; stored minimum 30.00, but 40.00 from the cells",
        ),
        (
            {"fog": 4.9, "brightness": 4.9, "stored_mean": 4.9, "stored_worst": 4.9, "clean": 9.0},
            "cells",
            "all corruptions below 5",
        ),
        ({"fog": 4.9, "stored_mean": 39.95, "stored_worst": 4.9}, None, ""),
    ],
)
def test_each_rule_by_itself(changes, kind, words):
    row = {"clean": 80.0, "fog": 40.0, "brightness": 75.0}
    row |= {"stored_mean": 57.5, "stored_worst": 40.0} | changes
    if "stored_mean" not in changes:
        row["stored_mean"] = (row["fog"] + row["brightness"]) / 2
    if "stored_worst" not in changes:
        row["stored_worst"] = min(row["fog"], row["brightness"])
    if "stored_mean" in changes and kind == "summary":
        row["brightness"] = 75.0
    wanted = Flag(kind, words) if kind else None
    assert audit_row(row, ["fog", "brightness"], list(RULES)) == wanted


def test_the_rules_that_a_table_does_not_name_are_not_applied():
    rows = literature(protocol="cityscapes-c")
    # Over five severities brightness is 20 below clean, which does not contradict the row.
    assert (rows["clean"] - rows["brightness"]).max() > 9
    assert set(rows["flag"]) == {""}
