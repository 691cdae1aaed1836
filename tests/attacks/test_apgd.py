"""APGD's schedule against sequences worked out by hand, and its three phases."""

import numpy as np
import pytest
import torch

from robustbench_seg.attacks.apgd import StepControl, apgd, phase, phase_steps
from robustbench_seg.attacks.ball import LinfBall
from robustbench_seg.attacks.iterate import Iterate, Settings


def checkpoints(control, rises, bests):
    """The steps, from 1, at which the step size is halved."""
    steps = enumerate(zip(rises, bests, strict=True), start=1)
    return [step for step, (rise, best) in steps if control.halves(rises=rise, best=best)]


def test_checkpoints_come_at_the_published_shares():
    """With 100 steps the intervals are 22, 19, 16, 13, 10, 7, 6, 6, ..."""
    control = StepControl(100, 1.0)
    halved = checkpoints(control, [False] * 100, [0.0] * 100)
    assert halved == list(np.cumsum([22, 19, 16, 13, 10, 7, 6, 6]))
    assert control.size == 2.0**-8


@pytest.mark.parametrize("steps", [1, 4, 20, 30, 90, 120, 300])
def test_intervals_are_rounded_down_and_at_least_one(steps):
    first = max(int(0.22 * steps), 1)
    less, least = max(int(0.03 * steps), 1), max(int(0.06 * steps), 1)
    wanted, interval = [first], first
    while wanted[-1] < steps:
        interval = max(interval - less, least)
        wanted.append(wanted[-1] + interval)
    halved = checkpoints(StepControl(steps, 1.0), [False] * steps, [0.0] * steps)
    assert halved == [step for step in wanted if step <= steps]


def test_three_rises_of_four_are_enough():
    """With 20 steps the first interval is 4, the second 3; with 50 the first is 11."""
    assert checkpoints(StepControl(20, 1.0), [1, 1, 1, 0], [1, 2, 3, 3]) == []
    assert checkpoints(StepControl(20, 1.0), [1, 1, 0, 0], [1, 2, 2, 2]) == [4]
    assert checkpoints(StepControl(50, 1.0), [1] * 8 + [0] * 3, range(11)) == [11]
    assert checkpoints(StepControl(50, 1.0), [1] * 9 + [0] * 2, range(11)) == []


def test_a_best_loss_that_stands_still_halves_unless_the_size_has_just_changed():
    rising = [1, 1, 1, 0, 1, 1, 1]
    assert checkpoints(StepControl(20, 1.0), rising, [1, 2, 3, 3, 3, 3, 3]) == [7]
    assert checkpoints(StepControl(20, 1.0), rising, [1, 2, 3, 3, 3, 3, 4]) == []
    after_a_halving = [1, 1, 0, 0, 1, 1, 1]
    assert checkpoints(StepControl(20, 1.0), after_a_halving, [3] * 7) == [4]


class Line:
    """A ball without an edge: its steps are the gradient itself."""

    radius = 0.5

    def project(self, values):
        return values

    def direction(self, gradient):
        return gradient


def test_a_phase_worked_out_by_hand():
    """Step size 1, then 1/2 after step 4 and 1/4 after step 9.

    Step 4 ends the first interval with two rises of four, so that step 5 goes from image 3, the
    best one, without momentum: image 3 is also where step 4 began. Step 9 ends the third interval
    with one rise of two; step 10 goes from image 7, with the momentum of 7 - 8.
    """
    losses = [1, 2, 1.5, 3, 2.5, 3.5, 4, 4.5, 4.4, 4.45, 5]
    gradients = [1, 1, 1, 2, 7, 1, 1, 1, 1, 1, 1]
    seen = []

    def evaluate(image, progress):
        k = len(seen)
        seen.append(image.item())
        assert progress == k / 20
        return Iterate(image, torch.tensor([float(gradients[k])]), 1, losses[k])

    run = phase(evaluate, Line(), torch.tensor([0.0]), 20)
    for _ in range(11):
        next(run)
    assert seen == [
        0,
        1,  # + 1, no momentum in the first step
        2,  # + 3/4 + 1/4
        3,
        3 + 0.75 * 2 + 0.25,  # the gradient of image 3 is 2
        3 + 0.75 * 0.5 * 2,
        3.75 + 0.75 * 0.5 + 0.25 * 0.75,
        4.3125 + 0.75 * 0.5 + 0.25 * 0.5625,
        4.828125 + 0.75 * 0.5 + 0.25 * 0.515625,
        5.33203125 + 0.75 * 0.5 + 0.25 * 0.50390625,
        4.828125 + 0.75 * 0.25 - 0.25 * 0.50390625,
    ]


def test_phases_share_the_steps():
    assert phase_steps(300) == (90, 90, 120)
    assert phase_steps(10) == (3, 3, 4)
    assert phase_steps(1) == (0, 0, 1)
    for steps in range(1, 200):
        assert sum(phase_steps(steps)) == steps


def test_phases_shrink_and_start_at_the_image_of_lowest_accuracy_before():
    """The images that are evaluated lie in balls of 2, 1.5 and 1 times the radius."""
    torch.manual_seed(0)
    clean = torch.rand(3, 4, 4) * 0.4 + 0.3
    radius, seen, rng = 0.05, [], np.random.default_rng(0)

    def evaluate(image, progress):
        right = int(rng.integers(1, 9))
        seen.append(Iterate(image, torch.randn(3, 4, 4), right, rng.random()))
        return seen[-1]

    ball = LinfBall(clean, radius)
    last = list(apgd(evaluate, ball, np.random.default_rng(1), Settings(steps=20)))
    counts = [7, 7, 9]  # 6, 6 and 8 steps, each with its initial image
    assert len(seen) == sum(counts)
    assert [new.image.data_ptr() for new in last] == [new.image.data_ptr() for new in seen[14:]]
    farthest = [(new.image - clean).abs().max().item() for new in seen]
    for begin, count, factor in zip((0, 7, 14), counts, (2, 1.5, 1), strict=True):
        assert max(farthest[begin : begin + count]) == pytest.approx(factor * radius, rel=1e-2)
    for begin, count, factor in ((0, 7, 1.5), (7, 7, 1)):
        before = seen[begin : begin + count]
        fewest = min(new.right for new in before)
        best = [new for new in before if new.right == fewest][-1]
        expected = ball.scaled(factor).project(best.image)
        assert torch.equal(seen[begin + count].image, expected)


def test_a_phase_ends_where_no_pixel_is_right():
    rights = [5, 3, 0, 0, 0]
    seen = []

    def evaluate(image, progress):
        seen.append(Iterate(image, torch.ones(1), rights[len(seen)], float(len(seen))))
        return seen[-1]

    assert len(list(phase(evaluate, Line(), torch.zeros(1), 4))) == 3
