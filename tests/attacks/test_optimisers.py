"""Optimisers against torch's Adam and closed forms."""

import numpy as np
import pytest
import torch

from robustbench_seg.attacks import ATTACKS, perturb
from robustbench_seg.attacks.ball import LinfBall
from robustbench_seg.attacks.iterate import Iterate, NetworkObjective, Settings
from robustbench_seg.attacks.losses import LOSSES
from robustbench_seg.attacks.optimisers import noise
from robustbench_seg.attacks.padam import padam
from robustbench_seg.attacks.pgd import fgsm, pgd
from robustbench_seg.attacks.random_numbers import attack_rng


@pytest.mark.parametrize("loss", ["cross_entropy", "cosine"])
def test_padam_is_torchs_adam_with_projections(problem, loss):
    case = problem(dtype=torch.float64)
    radius, steps, size = 8 / 255, 15, 2 / 255
    ball = LinfBall(case.image, radius)
    evaluator = NetworkObjective(case.gradient, case.truth, LOSSES[loss])
    images = [
        new.image for new in padam(evaluator, ball, np.random.default_rng(3), Settings(steps))
    ]

    valid = case.truth != 255
    start = np.random.default_rng(3).uniform(-radius, radius, case.image.shape)
    point = (case.image + torch.from_numpy(start)).clamp(0, 1)
    difference = (point - case.image).requires_grad_()
    adam = torch.optim.Adam([difference], lr=size, amsgrad=True, maximize=True)
    for image in images:
        torch.testing.assert_close(image, case.image + difference.detach(), rtol=0, atol=1e-12)
        logits = case.network(case.image + difference)
        if loss == "cosine":
            rows = torch.nn.functional.one_hot(case.truth[valid], len(logits)).double()
            mean = 1 - torch.cosine_similarity(logits[:, valid].T, rows).mean()
        else:
            mean = torch.nn.functional.cross_entropy(
                logits[None], case.truth[None], ignore_index=255
            )
        (difference.grad,) = torch.autograd.grad(mean, difference)
        adam.step()
        with torch.no_grad():
            difference.clamp_(-radius, radius)
            difference.copy_((case.image + difference).clamp(0, 1) - case.image)


def test_the_default_step_size_of_padam_is_a_quarter_of_the_radius(problem):
    case = problem()
    ball = LinfBall(case.image, 8 / 255)
    evaluator = NetworkObjective(case.gradient, case.truth, LOSSES["cross_entropy"])

    def last(settings):
        *_, end = padam(evaluator, ball, np.random.default_rng(0), settings)
        return end.image

    assert torch.equal(last(Settings(4)), last(Settings(4, 2 / 255)))


def test_pgd_starts_at_random_and_fgsm_at_the_clean_image(problem):
    case = problem()
    ball = LinfBall(case.image, 4 / 255)
    evaluator = NetworkObjective(case.gradient, case.truth, LOSSES["cross_entropy"])
    sample = ball.sample(np.random.default_rng(0))
    noisy = next(noise(evaluator, ball, np.random.default_rng(0), Settings()))
    first = next(pgd(evaluator, ball, np.random.default_rng(0), Settings(5)))
    assert torch.equal(noisy.image, sample)
    assert torch.equal(first.image, sample)
    start, end = fgsm(evaluator, ball, np.random.default_rng(0), Settings())
    assert torch.equal(start.image, case.image)
    wanted = (case.image + 4 / 255 * start.gradient.sign()).clamp(0, 1)
    torch.testing.assert_close(end.image, wanted)


def test_the_loss_of_a_step_knows_how_far_the_run_is(problem):
    """SegPGD's weight at step t of T is of (t - 1) / T (arXiv 2207.12391)."""
    case = problem()
    ball = LinfBall(case.image, 4 / 255)
    seen = []

    def evaluate(image, moment):
        seen.append(moment)
        return Iterate(image, torch.ones_like(image), 0, 0.0)

    list(pgd(evaluate, ball, np.random.default_rng(0), Settings(4)))
    assert seen == [0, 0.25, 0.5, 0.75, 1]


def test_pgd_steps_by_its_step_size(problem):
    case = problem(dtype=torch.float64)
    ball = LinfBall(case.image, 8 / 255)
    evaluator = NetworkObjective(case.gradient, case.truth, LOSSES["cross_entropy"])
    first, second, *_ = pgd(evaluator, ball, np.random.default_rng(0), Settings(3, 0.7 / 255))
    away = first.image + 0.7 / 255 * first.gradient.sign()
    wanted = (away - case.image).clamp(-8 / 255, 8 / 255) + case.image
    torch.testing.assert_close(second.image, wanted.clamp(0, 1), rtol=0, atol=1e-12)


def linear(classes=2, seed=0, size=(6, 8)):
    """A network that treats each pixel separately: matrix, image, labels with a void one."""
    rng = torch.Generator().manual_seed(seed)
    matrix = torch.randn(classes, 3, generator=rng, dtype=torch.float64)
    image = torch.rand(3, *size, generator=rng, dtype=torch.float64)
    truth = torch.einsum("kc,chw->khw", matrix, image).argmax(0)
    truth[0, 0] = 255
    return matrix, image, truth


LINF = [name for name, attack in ATTACKS.items() if attack.norm == "Linf" and name != "noise"]


@pytest.mark.parametrize("epsilon", [2, 20, 60])
@pytest.mark.parametrize("name", LINF)
def test_a_linear_network_is_attacked_as_its_closed_form_says(gradient_of, name, epsilon):
    """With two classes the worst image moves each value by the sign of the other row less its own.

    An attack that masks wrong pixels or vanishes at them stops there; its accuracy is the same.
    Within the ball no image has a lower one.
    """
    matrix, image, truth = linear()
    others = matrix[1 - truth.clamp(max=1)] - matrix[truth.clamp(max=1)]
    worst = (image + epsilon / 255 * others.movedim(-1, 0).sign()).clamp(0, 1)
    valid = truth != 255
    labels = torch.einsum("kc,chw->khw", matrix, worst).argmax(0)
    accuracy = (labels == truth)[valid].double().mean().item()
    clean = torch.einsum("kc,chw->khw", matrix, image).argmax(0)
    assert (clean == truth)[valid].all()
    assert epsilon == 2 or accuracy < 1

    parameters = {"epsilon": epsilon} if name == "fgsm" else {"epsilon": epsilon, "steps": 60}
    done = perturb(
        gradient_of(lambda x: torch.einsum("kc,chw->khw", matrix, x)),
        image, truth, name, parameters, seed=0, image_id="a", class_frequencies=[1.0, 5.0],
    )  # fmt: skip
    assert done.accuracy == pytest.approx(accuracy, abs=1e-12)
    if name in ("fgsm", "pgd", "padam"):
        torch.testing.assert_close(done.image[:, valid], worst[:, valid], rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", ["fgsm_l2", "pgd_l2", "segpgd_l2", "cospgd_l2", "apgd_js_l2"])
def test_one_linear_pixel_is_attacked_along_its_weights_in_l2(gradient_of, name):
    matrix, _, _ = linear()
    image = torch.full((3, 1, 1), 0.5, dtype=torch.float64)
    truth = (matrix @ image[:, 0]).argmax(0)[None]
    away = matrix[1 - truth.item()] - matrix[truth.item()]
    margin = -(away @ image.flatten()).item()
    epsilon = 0.5 * margin / away.norm().item()  # no label changes
    parameters = {"epsilon": epsilon} if name == "fgsm_l2" else {"epsilon": epsilon, "steps": 100}
    done = perturb(
        gradient_of(lambda x: torch.einsum("kc,chw->khw", matrix, x)),
        image, truth, name, parameters, seed=0, image_id="a",
    )  # fmt: skip
    assert done.accuracy == 1
    wanted = 0.5 + epsilon * away / away.norm()
    if name == "apgd_js_l2":  # it chooses by accuracy, and the last step may fall short
        assert (done.image.flatten() @ away).item() == pytest.approx(
            (wanted @ away).item(), rel=0.05
        )
    else:
        torch.testing.assert_close(done.image.flatten(), wanted, rtol=0, atol=1e-6)


def test_random_numbers_are_pinned():
    """They are the same on every machine; other numbers need another RANDOM_NUMBERS_VERSION."""
    first = attack_rng(0, "a.png", "pgd", 0.5, 0).uniform(-1, 1, 3)
    assert first.tolist() == PINNED
    keys = [
        (0, "a.png", "pgd", 0.5, 0), (1, "a.png", "pgd", 0.5, 0), (0, "b.png", "pgd", 0.5, 0),
        (0, "a.png", "noise", 0.5, 0), (0, "a.png", "pgd", 0.25, 0), (0, "a.png", "pgd", 0.5, 1),
    ]  # fmt: skip
    assert len({attack_rng(*key).random() for key in keys}) == len(keys)
    one, same = (attack_rng(0, "a.png", "pgd", epsilon, 0).random() for epsilon in (2, 2.0))
    assert one == same, "a protocol may write its radius as an integer"


PINNED = [-0.6188278032961021, -0.34781657902571683, -0.5582530116112212]
