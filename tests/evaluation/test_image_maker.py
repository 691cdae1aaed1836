"""Images made ahead: in order, few at a time, and each decoded once."""

from dataclasses import replace

import pytest
from PIL import Image

from robustbench_seg.errors import IncompleteError
from robustbench_seg.evaluation.images.image_maker import DatasetImage, ImageMaker
from robustbench_seg.trees.tree import open_tree
from tests.evaluation.conftest import evaluate, evaluation


@pytest.mark.parametrize(("workers", "ahead"), [(1, 1), (2, 5)])
def test_few_images_are_made_ahead_and_in_order(toy, protocol, workers, ahead):
    data = toy(1)
    conditions = protocol.conditions(["contrast", "brightness", "saturate"])
    asked = []

    def wanted():
        source = DatasetImage(data, 0)
        for condition in conditions:
            asked.append(condition)
            yield source, condition

    with ImageMaker(evaluation([], data, protocol, conditions, workers=workers)) as maker:
        making = maker.all(wanted())
        first = next(making)
        assert len(asked) == ahead
        made = [first, *making]
    assert tuple(one.condition for one in made) == conditions
    assert data.reads == [0]


def test_an_image_of_a_tree_is_the_one_that_its_manifest_describes(toy, protocol, tree):
    data, conditions = toy(3), protocol.conditions(["contrast"], [1, 2])
    folder = tree(data, conditions)
    black = folder / "contrast/1" / data.ids[0]
    Image.new("RGB", (48, 40)).save(black)
    found = open_tree(folder, conditions, data.ids)
    known = {name: d for name, d in found.digests.items() if name != f"contrast/2/{data.ids[1]}"}
    opened = evaluation([], data, protocol, conditions, corrupted=folder)
    with ImageMaker(opened, replace(found, digests=known)) as maker:
        wanted = [(DatasetImage(data, i), condition) for i in range(3) for condition in conditions]
        images = list(maker.all(wanted))
    assert [image.pixels is None for image in images] == [True, False, False, True, False, False]
    assert images[0].reason == (
        f"{black} is not the image that the manifest describes; generate it again"
    )


def test_a_run_leaves_out_an_altered_image_of_a_tree(toy, reds, protocol, tree, tmp_path):
    data, conditions = toy(3), protocol.conditions(["contrast"], [1])
    folder = tree(data, conditions)
    Image.new("RGB", (48, 40)).save(folder / "contrast/1" / data.ids[0])
    with pytest.raises(IncompleteError, match="is not the image that the manifest describes"):
        evaluate([reds()], data, protocol, conditions, tmp_path / "runs", corrupted=folder)
