"""`perturb` with every attack: where its images lie, how strong they are, what they depend on."""

import math

import numpy as np
import pytest
import torch

from robustbench_seg.attacks import ATTACKS, perturb
from robustbench_seg.attacks.apgd import phase_steps
from robustbench_seg.attacks.iterate import NetworkObjective
from robustbench_seg.attacks.losses import LOSSES

EVERY = pytest.mark.parametrize("name", ATTACKS)
STRONG = [name for name in ATTACKS if not name.startswith("noise")]


def radius(name, linf, l2):
    return linf if ATTACKS[name].norm == "Linf" else l2


def distance(name, first, second):
    difference = (first.double() - second.double()).numpy()
    linf = ATTACKS[name].norm == "Linf"
    return np.abs(difference).max() if linf else np.sqrt((difference**2).sum())


def attacked(case, name, epsilon, steps=10, **more):
    positional, named = case.arguments(name, epsilon, steps, **more)
    return perturb(*positional, **named)


@EVERY
def test_radius_0_gives_the_image_back_bit_for_bit(problem, name):
    case = problem()
    done = attacked(case, name, 0)
    assert torch.equal(done.image, case.image)
    assert done.accuracy == pytest.approx(case.accuracy(case.image))


@EVERY
@pytest.mark.parametrize("seed", range(3))
def test_images_lie_in_the_ball_and_in_0_to_1(problem, name, seed):
    case = problem(seed)
    case.image[:, 0] = 0
    case.image[:, 1] = 1
    for epsilon in radius(name, (0.25, 1, 8), (0.25, 1)):
        done = attacked(case, name, epsilon)
        limit = epsilon / 255 if ATTACKS[name].norm == "Linf" else epsilon
        assert 0.9 * limit < distance(name, done.image, case.image) <= limit
        assert 0 <= done.image.min() <= done.image.max() <= 1
        assert done.image.dtype == torch.float32


@pytest.mark.parametrize("name", STRONG)
@pytest.mark.parametrize("seed", range(3))
def test_attacks_are_stronger_than_noise_of_the_same_radius(problem, name, seed):
    case = problem(seed)
    epsilon = radius(name, 2, 0.2)
    control = attacked(case, "noise" + "_l2" * name.endswith("_l2"), epsilon)
    done = attacked(case, name, epsilon)
    assert done.accuracy < control.accuracy
    assert done.cross_entropy > control.cross_entropy


ITERATED = pytest.mark.parametrize("name", [n for n in STRONG if not n.startswith("fgsm")])


@ITERATED
@pytest.mark.parametrize("kernel", [1, 3])
def test_an_unbounded_radius_leaves_hardly_a_pixel_right(problem, name, kernel):
    """None where pixels do not depend on each other.

    Where they do, the image of the highest mean cross-entropy is not that of the lowest accuracy.
    """
    case = problem(kernel=kernel)
    assert case.accuracy(case.image) > 0.8
    done = attacked(case, name, radius(name, 255, 20), 100)
    assert done.accuracy <= (0.01 if kernel == 1 else 0.15)


@EVERY
def test_the_figures_are_those_of_the_image(problem, name):
    case = problem()
    done = attacked(case, name, radius(name, 1, 0.1))
    assert done.choice == ATTACKS[name].choice
    assert done.accuracy == pytest.approx(case.accuracy(done.image), abs=1e-12)
    assert done.cross_entropy == pytest.approx(case.cross_entropy(done.image), abs=1e-5)


def recorded(case):
    """The images that the network sees, in their order."""
    seen, gradient = [], case.gradient

    def recording(image, loss):
        seen.append(image.clone())
        return gradient(image, loss)

    case.gradient = recording
    return seen


@EVERY
def test_the_iterate_is_chosen_by_the_rule_of_the_attack(problem, name):
    case = problem()
    seen = recorded(case)
    done = attacked(case, name, radius(name, 1, 0.1), 20)
    assert done.calls == len(seen)
    if ATTACKS[name].choice == "last":
        assert torch.equal(done.image, seen[-1])
    elif ATTACKS[name].choice == "highest_cross_entropy":
        assert len(seen) == 21
        best = max(map(case.cross_entropy, seen))
        assert case.cross_entropy(done.image) == pytest.approx(best, abs=1e-6)
    else:
        assert len(seen) == 20 + 3
        in_ball = seen[-(phase_steps(20)[-1] + 1) :]
        accuracies = [case.accuracy(image) for image in in_ball]
        latest = max(k for k, value in enumerate(accuracies) if value == min(accuracies))
        assert torch.equal(done.image, in_ball[latest])


@pytest.mark.parametrize("name", ["pgd", "segpgd", "cospgd", "pgd_l2"])
def test_the_loss_of_the_chosen_image_never_falls_with_more_steps(problem, name):
    """A run of SegPGD depends on its number of steps; so it keeps the best iterate of each run."""
    case = problem()
    seen = recorded(case)
    best = -math.inf
    positional, named = case.arguments(name, radius(name, 2, 0.2))
    for steps in range(1, 15):
        seen.clear()
        positional[-1].update(steps=steps, step_size=radius(name, 1, 0.1))
        done = perturb(*positional, **named)
        assert done.cross_entropy >= max(map(case.cross_entropy, seen)) - 1e-6
        if name != "segpgd":
            assert done.cross_entropy >= best
            best = done.cross_entropy


@pytest.mark.parametrize("name", ["pgd", "apgd_mce", "padam"])
def test_of_several_restarts_the_one_of_lowest_accuracy_counts(problem, name):
    case = problem()
    accuracies, calls = [], []
    positional, named = case.arguments(name, 1, 3)
    for restarts in range(1, 7):
        positional[-1]["restarts"] = restarts
        done = perturb(*positional, **named)
        accuracies.append(done.accuracy)
        calls.append(done.calls)
    assert accuracies == sorted(accuracies, reverse=True)
    assert len(set(accuracies)) > 1
    assert calls == [restarts * calls[0] for restarts in range(1, 7)]


def test_only_apgd_stops_where_no_pixel_is_right(problem):
    case = problem()
    case.truth[case.truth != 255] = (case.network(case.image).argmax(0)[case.truth != 255] + 1) % 4
    assert case.accuracy(case.image) == 0
    calls = {name: attacked(case, name, 0, 10).calls for name in ("pgd", "padam", "apgd_js")}
    assert calls == {"pgd": 11, "padam": 11, "apgd_js": 3}


@EVERY
def test_void_pixels_have_no_influence(problem, name):
    """Neither the logits at void pixels nor how many there are change the attack."""
    case = problem()
    epsilon = radius(name, 1, 0.1)
    plain = attacked(case, name, epsilon)
    void, network = case.truth == 255, case.network
    noise = torch.randn(4, *void.shape) * 1e4
    noise[0] = torch.nan

    def gradient(image, loss):
        leaf = image.clone().requires_grad_()
        logits = torch.where(void, noise, network(leaf))
        (slope,) = torch.autograd.grad(loss(logits), leaf)
        return logits.detach(), slope

    case.gradient = gradient
    other = attacked(case, name, epsilon)
    assert torch.equal(plain.image, other.image)
    assert (plain.accuracy, plain.cross_entropy) == (other.accuracy, other.cross_entropy)


def test_losses_see_no_void_label(problem):
    case = problem()
    for name, loss in LOSSES.items():
        weights = torch.ones(4)
        evaluator = NetworkObjective(case.gradient, case.truth, loss, weights)
        plain = evaluator(case.image, 0.5)
        # The mean is over the pixels with a label.
        total = []

        def kept(z, y, moment, loss=loss, total=total):
            total.append(loss(z, y, moment))
            return total[-1]

        def gradient(image, mean, total=total):
            value = mean(case.network(image))
            valid = case.truth != 255
            torch.testing.assert_close(value, total[0][valid].mean())
            return case.gradient(image, mean)

        again = NetworkObjective(gradient, case.truth, kept, weights)(case.image, 0.5)
        assert torch.equal(plain.gradient, again.gradient), name


def test_an_image_without_labels_is_returned_as_it_is(problem):
    case = problem()
    case.truth[:] = 255
    done = attacked(case, "apgd_mce", 1)
    assert torch.equal(done.image, case.image)
    assert math.isnan(done.accuracy)
    assert done.calls == 0


@pytest.mark.parametrize("loss", [n for n in LOSSES if n != "cospgd"])
def test_the_gradient_to_the_image_is_a_finite_difference(problem, loss):
    case = problem(dtype=torch.float64, size=(4, 5))
    weights = torch.tensor([1.0, 0.5, 0.3, 0.1], dtype=torch.float64)
    values = []

    def gradient(image, mean):
        values.append(mean(case.network(image)).item())
        return case.gradient(image, mean)

    evaluator = NetworkObjective(gradient, case.truth, LOSSES[loss], weights)
    slope = evaluator(case.image, 0.4).gradient
    for index in np.ndindex(*case.image.shape):
        ends = []
        for step in (1e-6, -1e-6):
            moved = case.image.clone()
            moved[index] += step
            evaluator(moved, 0.4)
            ends.append(values[-1])
        assert slope[index].item() == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-7)


@EVERY
def test_images_depend_on_the_key_alone(problem, name):
    """Not on the order of images, torch's generator or earlier attacks."""
    first, second = problem(0), problem(1)
    epsilon = radius(name, 1, 0.1)
    a = attacked(first, name, epsilon, 2, image_id="a")
    b = attacked(second, name, epsilon, 2, image_id="b")
    torch.manual_seed(99)
    np.random.seed(99)
    assert torch.equal(attacked(second, name, epsilon, 2, image_id="b").image, b.image)
    assert torch.equal(attacked(first, name, epsilon, 2, image_id="a").image, a.image)
    seen, starts = recorded(first), []
    for key in ({"image_id": "a"}, {"image_id": "b"}, {"image_id": "a", "seed": 1}):
        seen.clear()
        attacked(first, name, epsilon, 2, **key)
        starts.append(seen[0])
    for other in starts[1:]:
        assert torch.equal(starts[0], other) is not ATTACKS[name].is_random


@EVERY
def test_arguments_are_left_as_they_are(problem, name):
    case = problem()
    image, truth = case.image.clone(), case.truth.clone()
    done = attacked(case, name, radius(name, 1, 0.1))
    assert torch.equal(case.image, image)
    assert torch.equal(case.truth, truth)
    assert done.image.data_ptr() != case.image.data_ptr()
    assert not done.image.requires_grad


def test_frequencies_count_only_by_their_ratios(problem):
    case = problem()
    shares = [f / sum(case.frequencies) for f in case.frequencies]
    first, second, equal = (
        attacked(case, "apgd_mce_bal", 1, class_frequencies=frequencies)
        for frequencies in (case.frequencies, shares, [3, 3, 3, 3])
    )
    torch.testing.assert_close(first.image, second.image)
    assert not torch.equal(first.image, equal.image)


def test_rare_classes_weigh_more(problem):
    """The weights are 1 / frequency; a class without a pixel weighs as much as the rarest."""
    case = problem()
    kept, plain = [], case.gradient

    def gradient(image, loss):
        logits = case.network(image).requires_grad_()
        (slope,) = torch.autograd.grad(loss(logits), logits)
        kept.append((logits.detach(), slope))
        return plain(image, loss)

    case.gradient = gradient
    attacked(case, "apgd_mce_bal", 0, 1, class_frequencies=[0, 10, 20, 40])
    logits, slope = kept[0]
    right = (logits.argmax(0) == case.truth) & (case.truth != 255)
    of_label = slope.gather(0, torch.where(right, case.truth, 0)[None])[0]
    p = logits.softmax(0).gather(0, torch.where(right, case.truth, 0)[None])[0]
    weight = of_label / (p - 1) * int((case.truth != 255).sum())
    for label, wanted in enumerate((1.0, 1.0, 0.5, 0.25)):
        here = right & (case.truth == label) & (p < 0.999)
        assert here.any()
        torch.testing.assert_close(
            weight[here], torch.full_like(weight[here], wanted), rtol=1e-3, atol=0
        )
    assert slope[:, ~right].eq(0).all()
