"""predictions:FOLDER: checks that predictions are of the requested images."""

import json
import shutil

import pytest

from robustbench_seg.errors import IncompleteError, ResultsError
from tests.evaluation.test_stored_predictions import counts


def add(folder, line):
    path = folder / "predictions.toml"
    path.write_text(f"{line}\n{path.read_text()}")


def test_the_images_are_compared_with_a_manifest(
    levels, stored, toy, folder, tree, protocol, conditions, tmp_path
):
    levels(2)
    made = tree(toy(2), conditions)
    shutil.copy(made / "manifest.json", folder)
    add(folder, 'images = "manifest.json"')
    expected = counts(stored(2, out=tmp_path / "memory"))
    assert counts(stored(2, out=tmp_path / "tree", corrupted=made)) == expected
    with pytest.raises(ResultsError) as caught:
        stored(2, seeds=1, out=tmp_path / "seed")
    assert str(caught.value) == (
        f"{folder}: its predictions are for other images than requested, according to "
        f"{folder}/manifest.json: its seed is 0, not 1. Request the images that were labelled"
    )
    shutil.copytree(folder / "contrast/1", folder / "fog/1")
    with pytest.raises(IncompleteError, match=r"fog/1/val/0.png is not in .*manifest.json: its pr"):
        stored(2, corruptions="fog", severities=1, out=tmp_path / "fog")


def test_predictions_of_another_image_are_not_scored(
    levels, stored, toy, folder, tree, conditions, tmp_path
):
    levels(2)
    made = tree(toy(2), conditions)
    shutil.copy(made / "manifest.json", folder)
    add(folder, 'images = "manifest.json"')

    class Other(toy):
        def image(self, index):
            return super().image(index) // 2

    with pytest.raises(IncompleteError) as caught:
        stored(data=Other(2))
    reasons = "; ".join(caught.value.reasons)
    assert f"contrast/1/val/0.png differs from the image in {folder}/manifest.json" in reasons
    assert len(caught.value.reasons) == 8, "nothing but the clean images is scored"


def test_the_images_are_compared_with_a_digest(
    levels, stored, toy, folder, tree, conditions, tmp_path
):
    levels(2)
    made = tree(toy(2), conditions)
    digest = json.loads((made / "manifest.json").read_text())["digest"]
    add(folder, f'images = "{digest}"')
    with pytest.raises(ResultsError, match="names its images by the digest of a tree; give the tr"):
        stored(2)
    assert len(counts(stored(2, corrupted=made))) == 10
    path = folder / "predictions.toml"
    path.write_text(path.read_text().replace(digest, "ab" * 32))
    with pytest.raises(
        ResultsError, match=r"says that the images have the digest abababab\.\.\., but t"
    ):
        stored(2, corrupted=made)
    for stray in (*made.glob("*.json"), made / ".recipe.json"):
        stray.unlink(missing_ok=True)
    with pytest.raises(
        ResultsError, match=r"says that the images have the digest abababab\.\.\., but t"
    ):
        stored(2, corrupted=made)
