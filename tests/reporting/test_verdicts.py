"""Page, terminal and `compare` draw the same conclusion from the same runs."""

import itertools
import re

import numpy as np
import pytest

from robustbench_seg.reporting.comparison_report import compare
from robustbench_seg.reporting.page_report import Report

QUICK = {(2, 0, 1), (5, 5, 2), (8, 5, 1)}
GRID = [
    pytest.param(*case, marks=() if case in QUICK else pytest.mark.slow)
    for case in itertools.product((2, 5, 8), (0, 5), (1, 2))
]
GRID.append((30, 2, 1))


@pytest.mark.parametrize(("images", "gap", "trainings"), GRID)
def test_the_conclusions_are_the_same(run, tmp_path, blank_figures, images, gap, trainings):
    chance = np.random.default_rng(images + 10 * gap + 100 * trainings)
    level = 60 + chance.normal(0, 8, images)

    def score(gain, luck, own):
        return lambda corruption, severity, image: int(
            level[image] + own[image] + gain + luck - 4 * severity
        )

    for name, gain in (("alpha", gap), ("beta", 0)):
        own = chance.normal(0, 2, images)
        for seed in range(trainings):
            luck = chance.normal(0, 1) if trainings > 1 else 0
            trained = {"trained": seed} if trainings > 1 else {}
            run(name, score(gain, luck, own), images=images, **trained)
    folder = tmp_path / "runs"
    table = compare("alpha", "beta", runs=folder).set_index(["kind", "score"])
    verdict = table.loc["summary"].loc["mean", "verdict"]
    written = Report.write([folder], tmp_path / "report", pictures=False)
    page, report = written.page.read_text(encoding="utf-8"), written.text
    on_page = re.search(r'data-verdict="(\w+)"', page)[1]
    first, second = report.splitlines()[2:4]
    if verdict == "open":
        assert on_page == "open"
        assert "no difference in robustness is established" in report
        assert first.startswith("1=.")
        assert second.startswith("1=.")
    else:
        better = {"A": "alpha", "B": "beta"}[verdict]
        assert on_page == "established"
        assert f"{better} is the more robust of the two models" in report
        assert first.split()[:2] == ["1.", better]
        assert second.startswith("2.")
    ahead = re.search(r"the difference is significant under (\d+|none|each of them) ", report)
    assert bool(ahead) == (verdict != "open")
    if ahead:
        count = int({"none": "0", "each of them": "16"}.get(ahead[1], ahead[1]))
        assert (table.loc["corruption", "verdict"] == verdict).sum() == count
    assert verdict == "open" or images > 5  # five images cannot reach the 5 % level
