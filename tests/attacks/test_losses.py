"""Losses against the authors' values, formulas written out, closed forms and finite differences."""

import numpy as np
import pytest
import torch

from robustbench_seg.attacks import losses
from robustbench_seg.attacks.iterate import NetworkObjective
from robustbench_seg.attacks.losses import LOSSES, Moment

CASES = {
    "segpgd_0_of_20": ("segpgd", 0 / 20),
    "segpgd_7_of_20": ("segpgd", 7 / 20),
    "segpgd_19_of_20": ("segpgd", 19 / 20),
    "cospgd": ("cospgd", 0.0),
    "mce": ("mce", 0.0),
    "mce_bal": ("mce_bal", 0.0),
    "js": ("js", 0.0),
}


def evaluated(name, progress, logits, labels, weights=None):
    """Loss of each pixel and its gradient to the logits, 0 at void pixels.

    An "image" that is the logits themselves; the mean over valid pixels is undone.
    """
    kept = []

    def loss(z, y, moment):
        kept.append(LOSSES[name](z, y, moment))
        return kept[-1]

    def gradient(image, mean):
        leaf = image.clone().requires_grad_()
        (slope,) = torch.autograd.grad(mean(leaf), leaf)
        return leaf.detach(), slope

    evaluator = NetworkObjective(gradient, labels, loss, weights)
    slope = evaluator(logits, progress).gradient * evaluator.valid
    return torch.where(labels == 255, 0, kept[0].detach()), slope


@pytest.mark.parametrize("case", CASES)
def test_losses_and_gradients_are_those_of_the_authors(golden, case):
    name, progress = CASES[case]
    weights = torch.from_numpy(golden["class_weights"])
    for i in range(len(golden["logits"])):
        logits, labels = (torch.from_numpy(golden[key][i]) for key in ("logits", "labels"))
        loss, slope = evaluated(name, progress, logits, labels, weights)
        assert (labels == 255).any()
        np.testing.assert_allclose(loss, golden[case][i], rtol=0, atol=1e-12)
        np.testing.assert_allclose(slope, golden[f"{case}_grad"][i], rtol=0, atol=1e-12)


def pixels(seed=0, classes=5, size=(6, 7), scale=3.0):
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, scale, (classes, *size))
    labels = rng.integers(0, classes, size)
    return logits, labels


def formula(name, z, y, progress=0.0, weights=None):
    """The loss of one pixel, from its definition in plain NumPy."""
    p = np.exp(z) / np.exp(z).sum()
    one_hot = np.eye(len(z))[y]
    entropy = -np.log(p[y])
    right = float(np.argmax(z) == y)
    if name == "cross_entropy":
        return entropy
    if name == "segpgd":
        share = progress / 2
        return (1 - share) * right * entropy + share * (1 - right) * entropy
    if name == "cospgd":
        return p @ one_hot / (np.linalg.norm(p) * np.linalg.norm(one_hot)) * entropy
    if name == "mce":
        return right * entropy
    if name == "mce_bal":
        return weights[y] * right * entropy
    if name == "js":
        middle = (p + one_hot) / 2
        return (p * np.log(p / middle)).sum() / 2 - np.log(middle[y]) / 2
    if name == "tsallis":
        q = -2 + 3 * progress
        return (1 - p[y] ** (1 - q)) / (1 - q)
    assert name == "cosine"
    return 1 - z @ one_hot / (np.linalg.norm(z) * np.linalg.norm(one_hot))


@pytest.mark.parametrize("progress", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("name", LOSSES)
def test_losses_are_their_formulas(name, progress):
    z, y = pixels()
    weights = np.array([1.0, 0.5, 0.1, 0.01, 0.3])
    moment = Moment(progress, torch.from_numpy(weights))
    loss = LOSSES[name](torch.from_numpy(z), torch.from_numpy(y), moment)
    for row, column in np.ndindex(y.shape):
        wanted = formula(name, z[:, row, column], y[row, column], progress, weights)
        assert loss[row, column].item() == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize(
    "name", ["cross_entropy", "segpgd", "mce", "mce_bal", "js", "tsallis", "cosine"]
)
def test_gradients_are_finite_differences(name):
    """The gradient treats CosPGD's weight as constant, so it has a separate test."""
    z, y = pixels(seed=1, size=(2, 3))
    moment = Moment(0.4, torch.linspace(0.1, 1, 5, dtype=torch.float64))

    def total(values):
        return LOSSES[name](torch.as_tensor(values), torch.from_numpy(y), moment).sum()

    leaf = torch.from_numpy(z).requires_grad_()
    (slope,) = torch.autograd.grad(total(leaf), leaf)
    for index in np.ndindex(z.shape):
        up, down = z.copy(), z.copy()
        up[index] += 1e-6
        down[index] -= 1e-6
        difference = (total(up) - total(down)).item() / 2e-6
        assert slope[index].item() == pytest.approx(difference, abs=1e-7)


def gradient_to_logits(function, z, y):
    leaf = torch.as_tensor(z).clone().requires_grad_()
    (slope,) = torch.autograd.grad(function(leaf, torch.as_tensor(y)).sum(), leaf)
    return slope.numpy()


def softmax_slope(z, y):
    """p - one-hot, the gradient of the cross-entropy, and p of the label."""
    p = np.exp(z) / np.exp(z).sum(0)
    one_hot = np.moveaxis(np.eye(len(z))[y], -1, 0)
    return p - one_hot, (p * one_hot).sum(0)


def test_cospgd_gives_the_gradient_of_the_cross_entropy_times_a_constant():
    z, y = pixels(seed=2)
    slope, p = softmax_slope(z, y)
    length = np.linalg.norm(np.exp(z) / np.exp(z).sum(0), axis=0)
    np.testing.assert_allclose(
        gradient_to_logits(losses.cospgd, z, y), p / length * slope, atol=1e-12
    )


@pytest.mark.parametrize("q", [-2.0, -0.5, 0.0, 0.9, 1.0])
def test_tsallis_gives_the_gradient_of_the_cross_entropy_times_a_power(q):
    z, y = pixels(seed=3)
    slope, p = softmax_slope(z, y)
    got = gradient_to_logits(lambda a, b: losses.tsallis(a, b, q), z, y)
    np.testing.assert_allclose(got, p ** (1 - q) * slope, atol=1e-12)


def test_jensen_shannon_gives_its_closed_gradient():
    z, y = pixels(seed=4)
    slope, p = softmax_slope(z, y)
    got = gradient_to_logits(losses.jensen_shannon, z, y)
    np.testing.assert_allclose(got, p * np.log(p / (1 + p)) / 2 * -slope, atol=1e-12)


def test_closed_forms():
    z, y = map(torch.from_numpy, pixels(seed=5))
    entropy = losses.cross_entropy(z, y)
    torch.testing.assert_close(
        LOSSES["segpgd"](z, y, Moment(0.0)), losses.masked_cross_entropy(z, y), rtol=0, atol=0
    )
    torch.testing.assert_close(LOSSES["tsallis"](z, y, Moment(1.0)), entropy, rtol=0, atol=0)
    torch.testing.assert_close(losses.tsallis(z, y, 0), 1 - (-entropy).exp())
    torch.testing.assert_close(losses.tsallis(z, y, 1 - 1e-9), entropy, rtol=1e-7, atol=0)
    certain = 1000 * torch.eye(5, dtype=torch.float64)[y].movedim(-1, 0)
    assert losses.cosine_weight(certain, y).eq(1).all()
    assert losses.cosine_weight(-certain, y).eq(0).all()


def test_tsallis_begins_at_minus_two():
    z, y = map(torch.from_numpy, pixels(seed=6))
    torch.testing.assert_close(LOSSES["tsallis"](z, y, Moment(0.0)), losses.tsallis(z, y, -2))
    torch.testing.assert_close(LOSSES["tsallis"](z, y, Moment(0.5)), losses.tsallis(z, y, -0.5))


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("level", [200.0, -200.0, 0.0])
def test_losses_and_gradients_are_finite_in_float32(name, level):
    """Where the network is certain, right or wrong, and where all logits are 0."""
    y = torch.zeros(2, 2, dtype=torch.int64)
    z = torch.zeros(3, 2, 2)
    z[0] = level
    moment = Moment(0.3, torch.ones(3))
    loss = LOSSES[name](z, y, moment)
    slope = gradient_to_logits(lambda a, b: LOSSES[name](a, b, moment), z, y)
    assert torch.isfinite(loss).all()
    assert np.isfinite(slope).all()
