import re

import pytest
from fake_runs import steady, weaker

from robustbench_seg.reporting.page.panel_ranking import panel_ranking
from robustbench_seg.reporting.panels import finding, is_established, read_panels
from robustbench_seg.reporting.tables.terminal_table import terminal_table
from robustbench_seg.results import lead_of


def even(corruption: str, severity: int, image: int) -> int:
    """As good as `steady` on average, but not on each image."""
    return 80 - 4 * severity + (3 if image % 2 else -3)


def test_the_leader_with_the_interval_of_its_lead(run):
    panels = read_panels([run("beta", weaker, images=12), run("alpha", images=12)])
    text = finding(panels)
    # beta: mean image 79, noise 67, fog 55, the rest 61: 62.125 on average; alpha 69.
    verdict = panels[0].verdict("alpha", "beta")
    low, high = verdict.low, verdict.high
    gap = verdict.points
    assert verdict.is_established
    assert is_established(panels[0])
    assert 0 < low < gap < high
    assert text.startswith(
        "On 12 images of minicity val, alpha is the more robust of the two models: mean mIoU 69.0 "
        f"over 16 corruptions, {gap:.1f} points (95 % interval {low:.1f} to {high:.1f}, paired "
        f"bootstrap over images) above beta ({69 - gap:.1f}). "
    )
    one, other = (panels[0].model(name).scores for name in ("alpha", "beta"))
    lead = lead_of(one, other, panels[0].protocol.averaged_names)
    assert lead.ahead == ("fog",)
    assert "higher under all 16; the difference is significant under 1 (fog; Holm, 5 %)." in text
    assert f"Of the lead, {lead.share:.0f} % comes from fog alone; without it the lead is" in text
    assert f"the lead is {lead.rest:.1f} points. Compared with clean images, the largest" in text
    assert "Each model is one training run" in text
    assert "randomness of training" in text
    assert text.endswith("With only 12 images the interval is only approximate.")


def test_the_corruptions_with_a_significant_difference_have_names(run):
    def other(corruption, severity, image):
        points = {"fog": -60, "snow": -50, "jpeg_compression": 5}
        return steady(corruption, severity, image) + points.get(corruption, 0)

    text = finding(read_panels([run("beta", other, images=12), run("alpha", images=12)]))
    assert (
        "Its score is higher under 2 of 16; the difference is significant under 2 (snow, fog; "
        "Holm, 5 %), and beta is significantly better under 1 (jpeg compression)."
    ) in text


def test_seeds_of_the_corruptions_and_what_they_change(run):
    def luckier(corruption, severity, image):
        return weaker(corruption, severity, image) + 3 * (corruption == "fog")

    a, b, other = run("beta", weaker), run("beta", luckier, seed=1), run("alpha")
    (panel,) = read_panels([a, b, other])
    assert len(panel.models) == 2
    text = finding([panel])
    assert "the random numbers of their corruptions, not the randomness" in text
    said = "beta: random corruptions are means over the seeds 0 and 1, between which the mean "
    # 3 points under one of 16 corruptions: 0.19 between two means, 0.13 as a deviation.
    assert f"{said}varies by 0.13 points (standard deviation)." in text
    assert "alpha: random" not in text
    (panel,) = read_panels([a, b, other, run("alpha", seed=1)])
    said = "Random corruptions are means over the seeds 0 and 1, between which the mean varies by "
    assert finding([panel]).endswith(f"{said}0.00 to 0.13 points (standard deviation).")


@pytest.mark.parametrize("images", [2, 3, 5])
def test_few_images_establish_nothing_whatever_the_interval_says(run, images):
    """A sign test on five images cannot reach 5 %; an interval that excludes 0 is not a verdict."""
    (panel,) = read_panels([run("beta", weaker, images=images), run("alpha", images=images)])
    text = finding([panel])
    assert text.startswith(
        f"On {images} images of minicity val, no difference in robustness is established between "
        "alpha (mean mIoU over 16 corruptions 69.0) and beta ("
    )
    assert not is_established(panel)
    needed = re.findall(r"About (\d+) images would establish a difference of this size", text)
    assert all(int(count) > 6 for count in needed), "a verdict needs six images"
    assert panel.ranks == ("1=", "1=")
    assert (
        f" {images} images are too few to establish any difference, even if the interval excludes "
        "0; any verdict needs at least 6." in text
    )


def test_of_a_single_image_nothing_is_said_about_an_interval(run):
    (panel,) = read_panels([run("alpha", images=1)])
    text = finding([panel])
    assert text.startswith("On 1 image of minicity val, alpha keeps ")
    assert text.endswith("No score has an interval: there is only one unit to draw (images).")
    assert "interval" not in panel_ranking(panel).note


def test_no_difference_is_claimed_when_the_interval_holds_zero(run):
    text = finding(read_panels([run("alpha", images=6), run("even", even, images=6)]))
    assert "no difference in robustness is established between" in text
    assert "the most robust" not in text


def test_models_on_different_images_are_found_apart(run):
    text = finding(read_panels([run("alpha", images=2), run("beta", weaker, images=3)]))
    first, second = text.split("\n\n")
    assert first.startswith("minicity val, 2 images (cityscapes-c): On 2 images of minicity")
    assert second.startswith("minicity val, 3 images (cityscapes-c): On 3 images of minicity")
    assert "most robust of" not in text


def test_no_interval_over_different_units(run):
    single, clips = run("alpha", images=4), run("beta", weaker, images=4, clip=2)
    text = finding(read_panels([single, clips]))
    assert "draws images for one" in text


def test_one_model(run):
    text = finding(read_panels([run("beta", weaker)]))
    assert text.startswith("On 3 images of minicity val, beta keeps 78.6 % of its clean mIoU: 62.1")
    assert " the largest losses of beta in mIoU are under fog (24.0 points, mean over " in text
    assert "It is one training run" in text


def test_who_keeps_the_larger_share_is_said_when_it_is_another(run):
    def low_but_steady(corruption: str, severity: int, image: int) -> int:
        return 50

    def text(images: int) -> str:
        runs = [run("alpha", images=images), run("flat", low_but_steady, images=images)]
        return finding(read_panels(runs))

    shares = "100.0 % against 86.2 %, a difference of 13.8 points (95 % interval 13.8 to 13.8)."
    assert f" flat keeps a larger share of its clean mIoU than alpha: {shares}" in text(12)
    assert (
        " flat keeps 100.0 % of its clean mIoU, and alpha 86.2 %; the difference of 13.8 points "
        "(95 % interval 13.8 to 13.8) is not significant." in text(3)
    )


def test_no_claim_about_shares_of_models_that_are_not_paired(run):
    single = run("alpha", images=4)
    clips = run("flat", lambda *at: 50, images=4, clip=2)
    assert "keeps" not in finding(read_panels([single, clips]))


def test_enough_images_need_no_warning(run):
    assert "approximate" not in finding(read_panels([run("alpha", images=30)]))


def test_incomplete_models_are_named_and_not_ranked(run):
    def no_fog(corruption: str, severity: int, image: int) -> int | None:
        return None if corruption == "fog" else 90

    path = run("holes", no_fog)
    assert "no model is ranked" in finding(read_panels([path]))
    text = finding(read_panels([path, run("alpha")]))
    assert text.startswith("On 3 images of minicity val, alpha keeps")
    assert "Not ranked, because conditions are missing: holes." in text


def test_missing_images_are_the_reason_why_a_model_is_not_ranked(run):
    def unreadable(corruption: str, severity: int, image: int) -> int | str:
        return "town/1.png: cannot be read" if image == 1 else 80

    def one_under_snow(corruption: str, severity: int, image: int) -> int | str:
        return "town/2.png: cut" if (corruption, image) == ("snow", 2) else 80

    reason = "clean, 2 of 3 images (town/1.png: cannot be read), and under 16 others."
    advice = "fix the cause if one is given, and evaluate again."
    path = run("alpha", unreadable)
    text = finding(read_panels([path]))
    assert text.endswith(f"so far. alpha lacks images: {reason} To rank it, {advice}")
    text = finding(read_panels([path, run("beta", unreadable), run("gamma", one_under_snow)]))
    assert f" alpha and beta lack images: {reason} To rank them, {advice}" in text
    snow = "gamma lacks images: snow, 2 of 3 images (town/2.png: cut). To rank it, "
    assert text.endswith(f"{snow}{advice}")
    text = finding(read_panels([path, run("delta")]))
    assert text.startswith("On 3 images of minicity val, delta keeps")
    assert f" alpha lacks images: {reason} To rank it, {advice}" in text


def test_each_model_that_is_not_ranked_has_its_own_reason(run):
    def no_fog(corruption: str, severity: int, image: int) -> int | None:
        return None if corruption == "fog" else 90

    def begun(corruption: str, severity: int, image: int) -> int | None:
        return 80 if image == 0 else None

    text = finding(read_panels([run("holes", no_fog), run("alpha", begun)]))
    assert "alpha lacks images: clean, 1 of 3 images, and under 16 others. To rank it" in text
    assert "To rank holes, evaluate all corruptions of cityscapes-c, or give --protocol" in text


def test_published_rows_are_never_the_finding(run):
    text = finding(read_panels([run("beta", weaker, dataset="cityscapes")]))
    assert "SegFormer-B5" not in text
    assert "DLv3+" not in text


def test_several_datasets_have_a_paragraph_each(run):
    panels = read_panels([run("alpha"), run("alpha", dataset="camvid")])
    first, second = finding(panels).split("\n\n")
    assert first.startswith("minicity val (cityscapes-c): On 3 images of minicity val")
    assert second.startswith("camvid val (cityscapes-c): On 3 images of camvid val")


def test_terminal_table(run):
    table = terminal_table(read_panels([run("beta", weaker), run("alpha")]))
    assert table.splitlines() == [
        "minicity val (cityscapes-c): mIoU, percent; averaged: severities 1-5 of 12 corruptions; "
        "1-3 of gaussian_noise, impulse_noise, shot_noise, speckle_noise",
        "     model  clean  mean  retention  blur  noise  digital  weather",
        "1=.  alpha   80.0  69.0       86.2  68.0   72.0     68.0     68.0",
        "1=.  beta    79.0  62.1       78.6  61.0   67.0     61.0     59.5",
    ]


def test_terminal_table_marks_what_is_published_and_what_is_missing(run, three_published):
    def no_fog(corruption: str, severity: int, image: int) -> int | None:
        return None if corruption == "fog" else 90

    lines = terminal_table(read_panels([run("holes", no_fog, dataset="cityscapes")])).splitlines()
    assert lines[2].split()[:3] == ["1.", "SegFormer-B5", "(published)"]
    assert lines[-1].split() == ["holes", "90.0", "-", "-", "90.0", "90.0", "90.0", "-"]


def test_the_most_robust_is_better_than_every_other_model(run):
    """It is ahead of the second, but nothing is known about the third, because its images vary."""
    scores = {
        "alpha": steady,
        "beta": lambda *at: steady(*at) - 2,
        "gamma": lambda *at: steady(*at) - 3 + (12 if at[2] % 2 else -12),
    }
    (panel,) = read_panels([run(name, score, images=12) for name, score in scores.items()])
    assert [model.name for model in panel.complete] == ["alpha", "beta", "gamma"]
    assert panel.verdict("alpha", "beta").is_established
    assert not is_established(panel)
    text = finding([panel])
    assert "is established between alpha (mean mIoU over 16 corruptions 69.0) and gamma (" in text
