"""Balls: they return no image outside, and steps are those of the authors."""

import numpy as np
import pytest
import torch

from robustbench_seg.attacks.ball import ball
from robustbench_seg.attacks.iterate import Iterate
from robustbench_seg.attacks.pgd import ascended, default_step_size

RADII = {
    "Linf": [0.0, 1e-9, 0.25 / 255, 8 / 255, 0.3, 1.0],
    "L2": [0.0, 1e-9, 1e-3, 0.25, 1.0, 50.0],
}


def distance(norm, first, second):
    """In float64, where the difference of two float32 numbers is exact."""
    difference = (first.double() - second.double()).numpy()
    return np.abs(difference).max() if norm == "Linf" else np.sqrt((difference**2).sum())


@pytest.mark.parametrize(("norm", "radius"), [(n, r) for n in RADII for r in RADII[n]])
def test_projections_and_samples_lie_in_the_ball_exactly(norm, radius):
    for seed in range(20):
        torch.manual_seed(seed)
        image = torch.rand(3, 9, 11).clamp(0.1, 0.9).mul(1.25).sub(0.125)
        around = ball(norm, image, radius)
        far = image + torch.randn(3, 9, 11)
        near = image + 1.0001 * radius * around.direction(torch.randn(3, 9, 11))
        sample = around.sample(np.random.default_rng(seed))
        for result in (around.project(far), around.project(near), sample):
            assert distance(norm, result, image) <= radius
            assert 0 <= result.min() <= result.max() <= 1
            assert result.dtype == torch.float32


@pytest.mark.parametrize("norm", RADII)
def test_the_ball_of_radius_0_is_the_image(norm):
    image = torch.rand(3, 5, 6)
    around = ball(norm, image, 0.0)
    assert torch.equal(around.project(torch.rand(3, 5, 6)), image)
    assert torch.equal(around.sample(np.random.default_rng(0)), image)


def test_projections_reach_the_edge():
    image = torch.full((3, 4, 4), 0.5, dtype=torch.float64)
    away = image + 1
    assert distance("Linf", ball("Linf", image, 0.1).project(away), image) == pytest.approx(0.1)
    assert distance("L2", ball("L2", image, 0.1).project(away), image) == pytest.approx(0.1)
    assert torch.equal(ball("Linf", image, 9.0).project(away), torch.ones_like(image))


@pytest.mark.parametrize("norm", RADII)
def test_a_scaled_ball_is_around_the_same_image(norm):
    image = torch.full((3, 4, 4), 0.5, dtype=torch.float64)
    double = ball(norm, image, 0.1).scaled(2)
    assert double.radius == pytest.approx(0.2)
    assert distance(norm, double.project(image + 1), image) == pytest.approx(0.2)


@pytest.mark.parametrize("norm", RADII)
def test_points_of_the_ball_stay(norm):
    image = torch.rand(3, 4, 5)
    inside = (image + 1e-3).clamp(max=1)
    assert torch.allclose(ball(norm, image, 0.5).project(inside), inside, rtol=0, atol=1e-7)


@pytest.mark.parametrize(
    ("norm", "epsilon", "size", "key"),
    # The authors' program keeps the radius in float32: 8/255 is 1.9e-9 larger there.
    [("Linf", float(np.float32(8 / 255)), 0.01, "step_linf"), ("L2", 0.25, 0.1, "step_l2")],
)
def test_one_step_is_that_of_the_authors(golden, norm, epsilon, size, key):
    for i in range(len(golden["image"])):
        image, start, slope = (
            torch.from_numpy(golden[name][i]) for name in ("image", "start", "data_grad")
        )
        step = ascended(ball(norm, image, epsilon), Iterate(start, slope, 0, 0.0), size)
        np.testing.assert_allclose(step, golden[key][i], rtol=0, atol=1e-12)


def test_samples_are_uniform():
    image = torch.full((3, 60, 60), 0.5)
    noise = ball("Linf", image, 0.1).sample(np.random.default_rng(0)) - 0.5
    assert noise.abs().max() == pytest.approx(0.1, rel=1e-3)
    assert noise.std() == pytest.approx(0.2 / 12**0.5, rel=0.02)
    assert noise.mean() == pytest.approx(0, abs=2e-3)
    long = ball("L2", image, 0.3).sample(np.random.default_rng(0))
    assert distance("L2", long, image) == pytest.approx(0.3, rel=1e-4)


def test_a_gradient_of_0_moves_nothing():
    image = torch.rand(3, 2, 2)
    for norm in RADII:
        assert ball(norm, image, 0.1).direction(torch.zeros(3, 2, 2)).eq(0).all()


def test_default_step_sizes_are_the_published_ones():
    image = torch.zeros(3, 1, 1)
    published = {0.25: 8e-4, 0.5: 9e-4, 1: 1e-3, 2: 2e-3, 4: 3e-3, 8: 5e-3, 12: 6e-3}
    for epsilon, step in published.items():
        assert default_step_size(ball("Linf", image, epsilon / 255)) == pytest.approx(step)
    assert default_step_size(ball("Linf", image, 24 / 255)) == pytest.approx(12e-3)
    assert default_step_size(ball("Linf", image, 0.125 / 255)) == pytest.approx(4e-4)
    assert default_step_size(ball("L2", image, 0.25)) == pytest.approx(0.1)
