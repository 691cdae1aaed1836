"""The sentences on the largest losses: numbers, severities, intervals, and what is significant."""

import numpy as np
import pytest

from robustbench_seg.reporting.panels import read_panels
from robustbench_seg.reporting.panels.losses import loss_text

NOISES = ("gaussian_noise", "impulse_noise", "shot_noise", "speckle_noise")


def panel_of(run, score, **options):
    (panel,) = read_panels([run("alpha", score, **options)])
    return panel


def sentences(panel):
    """The two sentences: the largest losses, and their comparison."""
    first, end = loss_text(panel).split(". The loss under")
    return f"{first}.", f"The loss under{end}"


def losing(points):
    """Clean 80; `points` maps a corruption to its loss, which may depend on the image."""

    def score(corruption: str, severity: int, image: int) -> int:
        if corruption == "clean":
            return 80
        lost = points.get(corruption, 5)
        return 80 - (lost(image) if callable(lost) else lost)

    return score


def test_a_loss_that_is_significantly_the_largest(run):
    fog = lambda image: 38 + 4 * (image % 2)  # noqa: E731
    panel = panel_of(run, losing({"fog": fog, "snow": 20}), images=12)
    first, second = sentences(panel)
    scores = panel.models[0].scores.summary
    drawn = np.sort((scores.clean - scores.perturbations["fog"])[1:1001])
    assert first.startswith(
        "Compared with clean images, alpha loses most mIoU under fog (40.0 points,"
    )
    assert "fog (40.0 points, mean over severities 1-5, 95 % interval " in first
    low, high = map(float, first.split("95 % interval ")[1].split(")")[0].split(" to "))
    # With 12 units the interval is a little wider than the plain percentiles.
    assert drawn[0] - 0.05 <= low <= drawn[25] + 0.05 < 40 < drawn[974] - 0.05 <= high
    assert high <= drawn[-1] + 0.05
    assert ", then under snow (20.0 points, mean over severities 1-5, " in first
    # Corruptions of equal loss stand in the order of the protocol.
    assert " and motion blur (5.0 points, mean over severities 1-5, " in first
    assert second == (
        "The loss under fog is significantly larger than under each other corruption (Holm, 5 %)."
    )


def test_a_larger_loss_by_chance_is_no_claim(run):
    """Fog costs more on average, but not on each image."""
    fog = lambda image: 24 if image % 2 else 18  # noqa: E731
    first, second = sentences(panel_of(run, losing({"fog": fog, "snow": 20}), images=12))
    assert first.startswith(
        "Compared with clean images, the largest losses of alpha in mIoU are under fog (21.0 "
        "points, mean over severities 1-5, 95 % interval "
    )
    assert "loses most" not in first
    assert second == (
        "The loss under fog is not significantly larger than under 1 of the 15 other corruptions "
        "(snow; Holm, 5 %)."
    )


@pytest.mark.parametrize("images", [2, 5])
def test_too_few_images_establish_no_largest_loss(run, images):
    first, second = sentences(panel_of(run, losing({"fog": 40}), images=images))
    assert first.startswith(
        "Compared with clean images, the largest losses of alpha in mIoU are under fog (40.0 "
    )
    assert second.endswith(
        " fog is not significantly larger than under any other corruption (Holm, 5 %)."
    )


def test_one_image_has_neither_an_interval_nor_a_comparison(run):
    text = loss_text(panel_of(run, losing({"fog": 40}), images=1))
    assert "under fog (40.0 points, mean over severities 1-5), motion" in text


def test_each_loss_has_its_own_severities(run):
    """A corruption of the noise category has three scored severities, the others have five."""
    first, _ = sentences(panel_of(run, losing({"shot_noise": 30, "fog": 20}), images=12))
    assert "shot noise (30.0 points, mean over severities 1-3, " in first
    assert "fog (20.0 points, mean over severities 1-5, " in first


def test_only_corruptions_with_a_loss_are_listed(run):
    gaining = {"fog": 10, "snow": 1}

    def score(corruption: str, severity: int, image: int) -> int:
        return 80 if corruption == "clean" else 81 - gaining.get(corruption, 0)

    first, _ = sentences(panel_of(run, score, images=12))
    assert first.count(" points, ") == 1
    assert first.startswith(
        "Compared with clean images, alpha loses most mIoU under fog (9.0 points, "
    )
    nothing = panel_of(run, lambda *at: 80 if at[0] == "clean" else 81)
    assert loss_text(nothing) == ""


def test_the_losses_are_those_of_the_most_robust_model(run):
    runs = [run("alpha", losing({"fog": 40})), run("beta", losing({"snow": 70}))]
    (panel,) = read_panels(runs)
    text = loss_text(panel)
    assert "of alpha in mIoU are under fog" in text
    assert "beta" not in text
