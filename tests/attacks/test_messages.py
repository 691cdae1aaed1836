"""Errors of one line: what is wrong, where, what to do."""

import pytest
import torch

from robustbench_seg.attacks import ATTACKS, perturb
from robustbench_seg.errors import AttackError

PARAMETERS = {"epsilon": 1, "steps": 2}


def message(case, name="pgd", parameters=PARAMETERS, **changes):
    arguments = {"seed": 0, "image_id": "a", **changes}
    image, truth = arguments.pop("image", case.image), arguments.pop("truth", case.truth)
    gradient = arguments.pop("gradient", case.gradient)
    with pytest.raises(AttackError) as caught:
        perturb(gradient, image, truth, name, parameters, **arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_an_unknown_attack_names_the_nearest(problem):
    text = message(problem(), "segpdg")
    assert text.startswith("unknown attack 'segpdg'; did you mean 'segpgd'? Known: noise, fgsm,")


@pytest.mark.parametrize(
    ("name", "parameters", "text"),
    [
        ("pgd", {"epsilon": 1}, "attack 'pgd': the parameter 'steps' is missing; give it"),
        ("noise", {}, "attack 'noise': the parameter 'epsilon' is missing; give it"),
        (
            "pgd",
            {**PARAMETERS, "step": 1},
            "attack 'pgd': unknown parameter 'step'; did you mean 'steps'? "
            "Known: epsilon, steps, step_size, restarts",
        ),
        (
            "apgd_js",
            {**PARAMETERS, "step_size": 1},
            "attack 'apgd_js': unknown parameter 'step_size'; did you mean 'steps'? "
            "Known: epsilon, steps, restarts",
        ),
        (
            "fgsm",
            PARAMETERS,
            "attack 'fgsm': unknown parameter 'steps'. Known: epsilon",
        ),
        (
            "pgd",
            {**PARAMETERS, "epsilon": 256},
            "attack 'pgd': epsilon = 256 is out of range; give 0 to 255",
        ),
        (
            "pgd_l2",
            {**PARAMETERS, "epsilon": float("nan")},
            "attack 'pgd_l2': epsilon = nan is out of range; give 0 to 100000",
        ),
        (
            "pgd",
            {**PARAMETERS, "steps": 2.5},
            "attack 'pgd': steps = 2.5 is out of range; give a whole number of 1 to 100000",
        ),
        (
            "pgd",
            {**PARAMETERS, "step_size": 0},
            "attack 'pgd': step_size = 0 is out of range; give 255 or less and more than 0",
        ),
        (
            "pgd",
            {**PARAMETERS, "restarts": 0},
            "attack 'pgd': restarts = 0 is out of range; give a whole number of 1 to 1000",
        ),
        (
            "pgd",
            {**PARAMETERS, "steps": "many"},
            "attack 'pgd': steps = many is out of range; give a whole number of 1 to 100000",
        ),
    ],
)
def test_parameters(problem, name, parameters, text):
    assert message(problem(), name, parameters) == text


def test_class_frequencies(problem):
    case = problem()
    assert message(case, "apgd_mce_bal") == (
        "attack 'apgd_mce_bal' weights classes by their frequencies; give class_frequencies, the "
        "pixels of each class in the training labels"
    )
    for wrong in (
        [0, 0, 0, 0],
        [1, 2, -1, 4],
        [1, 2, 3, float("nan")],
        [],
        [1, 2, 3, float("inf")],
    ):
        assert message(case, "apgd_mce_bal_l2", class_frequencies=wrong) == (
            "attack 'apgd_mce_bal_l2': class_frequencies must be finite, 0 or more, and not all 0; "
            "count them again"
        )
    assert message(case, "apgd_mce_bal", class_frequencies=[1, 2, 3]) == (
        "there are 3 class frequencies for 4 classes; give one for each class"
    )


def test_only_two_attacks_need_frequencies():
    needing = {name for name, attack in ATTACKS.items() if attack.needs_frequencies}
    assert needing == {"apgd_mce_bal", "apgd_mce_bal_l2"}


def test_images_and_labels(problem):
    case = problem(size=(4, 5))
    assert message(case, image=(case.image * 255).byte()) == (
        "the image is torch.uint8 (3, 4, 5); give float32, 3 x H x W, in 0..1"
    )
    assert message(case, image=case.image[None]).startswith(
        "the image is torch.float32 (1, 3, 4, 5)"
    )
    for image in (case.image * 255, case.image - 1, case.image * torch.nan):
        assert message(case, image=image) == (
            "the image is empty or has values outside 0..1; divide 8-bit values by 255"
        )
    assert message(case, truth=case.truth.T) == (
        "the labels are torch.int64 (5, 4); give int64 (4, 5), with 255 for pixels without a label"
    )
    assert message(case, truth=case.truth.int()).startswith("the labels are torch.int32 (4, 5);")
    assert message(case, truth=case.truth - 9).endswith(" 0, or 255 for pixels without a label")
    case.truth[3, 3] = 7
    assert message(case) == (
        "a label is class 7, but the network has 4 classes; give class indices from 0 to 3, or "
        "255 for pixels without a label"
    )


def test_networks(problem, gradient_of):
    case = problem(size=(4, 5))
    assert message(case, gradient=gradient_of(lambda x: case.network(x)[:, ::2])) == (
        "the network returns logits of (2, 5) for labels of (4, 5); it must return logits of the "
        "image's size"
    )

    def infinite(image, loss):
        logits, slope = case.gradient(image, loss)
        return logits, slope / 0

    assert message(case, gradient=infinite) == (
        "the gradient of the network is not finite; check its weights"
    )
