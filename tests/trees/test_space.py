"""The estimate of the space is close to the space used."""

from dataclasses import replace

import numpy as np
import pytest
from skimage import data

from robustbench_seg.errors import DatasetError
from robustbench_seg.trees.space import space_needed
from robustbench_seg.trees.writing.plan import CleanImage
from robustbench_seg.trees.writing.write_tree import write_tree


def test_estimate_is_near_the_truth_and_falls_with_what_is_there(town, tmp_path):
    photos = [data.astronaut()[100:356], data.coffee()[:256], data.chelsea()[:256]]
    sources = tuple(CleanImage(f"{i}.png", lambda p=p: p, {}) for i, p in enumerate(photos))
    plan = town.plan(tmp_path, images=sources)
    estimate = space_needed(plan)
    write_tree(plan)
    taken = sum(path.stat().st_size for path in tmp_path.glob("*/*/*.png"))
    assert estimate == pytest.approx(taken, rel=0.15)
    assert space_needed(plan) == 0
    for path in tmp_path.glob("gaussian_noise/*/1.png"):
        path.unlink()
    assert 0 < space_needed(plan) < estimate / 4


def broken():
    raise DatasetError("broken")


def test_sources_that_cannot_be_read_are_left_to_the_start_itself(town, tmp_path):
    plan = town.plan(tmp_path)
    whole = space_needed(plan)
    first = replace(plan.images[0], read=broken)
    plan = replace(plan, images=(first, *plan.images[1:]))
    assert space_needed(plan) == pytest.approx(whole, rel=0.2)
    tiny = tuple(replace(s, read=lambda: np.zeros((8, 8, 3), np.uint8)) for s in plan.images)
    assert space_needed(replace(plan, images=tiny)) == 0
    none = tuple(replace(s, read=broken) for s in plan.images)
    assert space_needed(replace(plan, images=none)) == 0
