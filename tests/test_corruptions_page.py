"""docs/corruptions.md agrees with the protocols, and its picture with the program."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from robustbench_seg.corruption import corrupt
from robustbench_seg.records.cards.perturbation import Perturbation
from robustbench_seg.records.cards.protocol import load_protocol, merged
from robustbench_seg.records.values.corruption_parameters import (
    CORRUPTION_PARAMETERS,
    corruption_parameter_problem,
)

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "corruptions.md").read_text()
ALL = merged(map(load_protocol, ["cityscapes-c", "mpc-15"]))
SECTIONS = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", PAGE, re.M | re.S))


def table(perturbation: Perturbation) -> str:
    lines = ["| severity | 1 | 2 | 3 | 4 | 5 |", "| --- | --- | --- | --- | --- | --- |"]
    for name in dict.fromkeys(name for level in perturbation.parameters for name in level):
        values = [f"{level[name]:g}" if name in level else "–" for level in perturbation.parameters]
        lines.append(f"| {name} | {' | '.join(values)} |")
    return "\n".join(lines) + "\n"


def test_every_corruption_has_one_section_under_its_category():
    assert sorted(re.findall(r"^### (\w+)$", PAGE, re.M)) == sorted(ALL.names)
    for category, names in re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S):
        for name in re.findall(r"^### (\w+)$", names, re.M):
            assert ALL.perturbation(name).category == category.lower()


@pytest.mark.parametrize("perturbation", ALL.perturbations, ids=lambda each: each.name)
def test_the_table_of_a_corruption_is_that_of_the_protocols(perturbation):
    (found,) = re.findall(r"(?:^\|.*\n)+", SECTIONS[perturbation.name], re.M)
    assert found == table(perturbation)
    for name in {name for level in perturbation.parameters for name in level}:
        assert f"`{name}`" in SECTIONS[perturbation.name], (
            "a parameter that the text does not explain"
        )


def test_the_ranges_of_parameters_are_those_that_are_checked():
    text = (DOCS / "protocol.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| ([\w, ]+) \| (.*) \|$", text, re.M)
    users = {name: set(of.split(", ")) for name, of, _ in rows}
    used = {
        name: {each.name for each in ALL.perturbations if any(name in s for s in each.parameters)}
        for name in CORRUPTION_PARAMETERS
    }
    assert users == used
    for name, _, values in rows:
        assert str(corruption_parameter_problem(name, 1e9)).endswith(
            f"is out of range; give {values}"
        )


def test_the_picture_shows_every_corruption_of_the_photo():
    # Another version of the fast stream changes the pictures of random corruptions.
    small = Image.fromarray(data.coffee()).resize((192, 128))
    photo, gray = np.asarray(small), np.asarray(small.convert("L")).astype(float)
    assert (DOCS / "corruptions.jpg").stat().st_size < 800_000
    with Image.open(DOCS / "corruptions.jpg") as picture:
        sheet = np.asarray(picture.convert("L")).astype(float)
    left, top = sheet.shape[1] - 5 * 196, sheet.shape[0] - 19 * 132
    assert (left, top) == (150 + 196, 24)  # the names and the clean photo
    for row, perturbation in enumerate(ALL.perturbations):
        y = top + row * 132
        clean = sheet[y : y + 128, 150 : 150 + 192]
        assert mean_distance(clean, gray) < 4
        for column in range(5):
            x = left + column * 196
            cell = sheet[y : y + 128, x : x + 192]
            if perturbation.name in ("gaussian_blur", "contrast", "zoom_blur", "pixelate"):
                variants = [
                    corrupt(photo, perturbation.name, severity) for severity in (1, 2, 3, 4, 5)
                ]
                grays = [Image.fromarray(variant).convert("L") for variant in variants]
                distances = [mean_distance(cell, variant) for variant in grays]
                assert np.argmin(distances) == column, f"{perturbation.name}: draw the picture anew"
                assert distances[column] < 4
            assert mean_distance(cell, clean) > 4.5, "JPEG alone makes up to 3.7"


def mean_distance(first: np.ndarray, second: object) -> float:
    return float(np.abs(first - np.asarray(second)).mean())
