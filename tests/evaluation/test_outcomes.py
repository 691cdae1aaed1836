"""A segmenter is given up after a number of failures in a row, not in total."""

import pytest

from robustbench_seg.evaluation.images.outcomes import FAILURES, Outcomes
from robustbench_seg.records.values.condition import CLEAN, Condition

FOG = Condition("fog", 3)


@pytest.fixture
def outcomes():
    return Outcomes("net")


def fail(outcomes, count, first=0, condition=CLEAN):
    for place in range(first, first + count):
        outcomes.fail(f"{place}.png", condition, f"{place}.png: broken")


def test_a_success_between_failures_starts_the_count_anew(outcomes):
    fail(outcomes, FAILURES - 1)
    outcomes.succeed()
    fail(outcomes, FAILURES - 1, first=FAILURES)
    assert outcomes.given_up is None
    fail(outcomes, 1, first=100)
    assert str(outcomes.given_up) == (
        f"net: {FAILURES} images in a row have no result; the last: 100.png: broken; "
        "fix the model and evaluate again"
    )
    assert outcomes.scored == 1


def test_one_image_under_several_conditions_is_one_failure(outcomes):
    for severity in range(1, 6):
        fail(outcomes, FAILURES - 1, condition=Condition("fog", severity))
    assert outcomes.given_up is None
    assert len(outcomes.left_out) == 5 * (FAILURES - 1)
    assert len(outcomes.reasons) == FAILURES - 1


def test_images_that_were_not_given_are_no_failures(outcomes):
    for place in range(2 * FAILURES):
        outcomes.leave_out(f"{place}.png", FOG, "the disk is gone")
    assert outcomes.given_up is None
    assert outcomes.reasons == {"the disk is gone": False}


def test_reasons_tell_failures_from_images_that_were_not_given(outcomes):
    outcomes.leave_out("0.png", CLEAN, "0.png: cut")
    fail(outcomes, 1, first=1)
    fail(outcomes, 1, first=1, condition=FOG)
    assert outcomes.reasons == {"0.png: cut": False, "1.png: broken": True}
