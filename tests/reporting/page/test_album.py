import base64
import io

import numpy as np
import pytest
from fake_runs import weaker
from PIL import Image

from robustbench_seg.errors import ResultsError
from robustbench_seg.records.protocol import CLEAN, load_protocol
from robustbench_seg.reporting import read_panels
from robustbench_seg.reporting.page.album import album

KEPT = [CLEAN, *load_protocol().conditions(["snow", "fog", "motion_blur"], [1, 3])]


def test_input_and_predictions_of_each_corruption(run):
    (panel,) = read_panels([run("alpha", pictures=KEPT), run("beta", weaker, pictures=KEPT)])
    pictures = album(panel, 40)
    assert [c.name for c in pictures.categories] == ["blur", "weather"]
    assert [c.name for c in pictures.categories[1].corruptions] == ["snow", "fog"]
    fog = pictures.categories[1].corruptions[1]
    assert [row.name for row in fog.rows] == ["input", "alpha", "beta", "right"]
    for row in fog.rows:
        first, third, fifth = row.pictures
        assert (first.width, first.height) == (40, 20)
        assert "fog, severity 3" in third.alt
        assert fifth is None  # was not run
    assert [p.label for p in pictures.clean] == [
        *("clean image", "truth", "alpha, clean", "beta, clean")
    ]
    assert pictures.legend == [("road", "#804080"), ("car", "#00008e"), ("sky", "#4682b4")]


def test_no_colour_arises_between_two_classes(run):
    (panel,) = read_panels([run("alpha", pictures=KEPT)])
    (truth,) = (p for p in album(panel, 37).clean if p.label == "truth")
    kind, data = truth.src.split(";base64,")
    assert kind == "data:image/png"
    shown = Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")
    assert shown.size == (37, 18)
    colours = {tuple(colour) for colour in np.asarray(shown).reshape(-1, 3).tolist()}
    assert colours == {(128, 64, 128), (0, 0, 142), (70, 130, 180)}


def test_pictures_are_never_enlarged(run):
    (panel,) = read_panels([run("alpha", pictures=KEPT)])
    assert album(panel, 4000).clean[0].width == 96


def test_at_most_three_models(run):
    (panel,) = read_panels([run(name, pictures=KEPT) for name in "abcd"])
    pictures = album(panel, 40)
    assert len(pictures.categories[0].corruptions[0].rows) == 5
    assert "first 3 of 4 models" in pictures.note


def test_no_pictures_no_album(run):
    (panel,) = read_panels([run("alpha")])
    assert album(panel, 40) is None


def test_a_broken_picture_is_named(run):
    path = run("alpha", pictures=KEPT)
    broken = path / "pictures" / "fog-1.png"
    broken.write_bytes(broken.read_bytes()[:60])
    (panel,) = read_panels([path])
    with pytest.raises(ResultsError, match=r"fog-1\.png: cannot read .*without pictures"):
        album(panel, 40)
