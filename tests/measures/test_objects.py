"""Objects by their size: regions against SciPy's, and cases by hand."""

import numpy as np
import pytest
from scipy import ndimage

from robustbench_seg.measures import OBJECTS, MissedObjects, Prediction, Truth
from robustbench_seg.measures.regions import connected_regions
from tests.measures.scenes import scene


def observed(truth, labels, classes=3, instances=None):
    truth, labels = np.array(truth, np.uint8), np.array(labels, np.uint8)
    prepared = OBJECTS.prepare(Truth(truth, lambda: instances))
    return OBJECTS.observe(prepared, Prediction(labels, truth, classes))


def components(truth, classes):
    """The mask of each region: those of SciPy, class by class."""
    for index in range(classes):
        numbers, count = ndimage.label(truth == index, np.ones((3, 3)))
        for number in range(1, count + 1):
            yield index, numbers == number


@pytest.mark.parametrize("seed", range(6))
def test_regions_are_those_of_scipy(seed):
    rng = np.random.default_rng(seed)
    truth = scene((60, 80), seed, 3) if seed % 2 else rng.integers(0, 3, (60, 80), np.uint8)
    truth[rng.random(truth.shape) < 0.2] = 255
    regions = connected_regions(truth)
    assert np.array_equal(regions < 0, truth == 255)
    found = sorted(np.flatnonzero(mask).tolist() for _, mask in components(truth, 3))
    own = [np.flatnonzero(regions == n).tolist() for n in range(regions.max() + 1)]
    assert sorted(own) == found
    assert [first[0] for first in own] == sorted(first[0] for first in own)


def test_a_spiral_is_one_region():
    truth = np.zeros((9, 9), np.uint8)
    for margin in range(0, 4, 2):
        truth[margin : 9 - margin, margin : 9 - margin] = 1
        truth[margin + 1 : 8 - margin, margin + 1 : 8 - margin] = 0
        truth[margin + 1, margin] = 0
    truth[2, 1] = 1
    assert connected_regions(truth).max() + 1 == len([*components(truth, 2)])
    corner = np.eye(4, dtype=np.uint8)
    assert connected_regions(corner)[0, 0] == connected_regions(corner)[3, 3]


def test_recalls_by_their_definition():
    truth, labels = scene((96, 128), 3), np.roll(scene((96, 128), 3), 4, 1) % 255 % 4
    recalls = {size: [[] for _ in range(4)] for size in ("small", "medium", "large", "")}
    missed = [0, 0, 0, 0]
    for index, mask in components(truth, 4):
        share = mask.sum() / truth.size
        size = "small" if share < 1 / 2048 else "medium" if share < 9 / 2048 else "large"
        recall = (labels[mask] == index).mean()
        missed[index] += recall < 0.5
        for key in (size, ""):
            recalls[key][index].append(recall)
    counts = observed(truth, labels, 4)
    scores = OBJECTS.compute(OBJECTS.pooled(counts))
    for size, by_class in recalls.items():
        name = f"object_recall_{size}".rstrip("_")
        wanted = 100 * np.mean([np.mean(values) for values in by_class if values])
        assert scores[name] == pytest.approx(wanted)
    persons = MissedObjects("abcd", ["b", "d"])
    number = len(recalls[""][1]) + len(recalls[""][3])
    rate = persons.compute(persons.pooled(counts))["missed_region_rate"]
    assert rate == pytest.approx(100 * (missed[1] + missed[3]) / number)
    assert 0 < rate < 100


def test_an_object_that_is_half_found_is_not_missed():
    truth = np.zeros((10, 10), np.uint8)
    truth[2, 2:6], truth[6, 2:6] = 1, 1
    labels = truth.copy()
    labels[2, 2:4] = 0  # half of one is found
    labels[6, 2:5] = 2  # a quarter of the other
    persons = MissedObjects(("street", "person", "rider"), ("person", "rider"))
    counts = observed(truth, labels)
    assert persons.compute(persons.pooled(counts))["missed_region_rate"] == 50.0
    (info,) = persons.infos
    assert not info.higher_is_better
    # Person: (1/2 + 1/4) / 2; street: all of it.
    assert OBJECTS.compute(OBJECTS.pooled(counts))["object_recall"] == pytest.approx(
        100 * (0.375 + 1) / 2
    )


def test_instances_are_objects_in_however_many_pieces_and_touching_ones_are_apart():
    truth = np.zeros((12, 12), np.uint8)
    truth[2:4, 2:8] = 1
    truth[8:10, 2:4] = 1
    truth[8:10, 8:10] = 1
    instances = np.zeros(truth.shape, np.int32)
    instances[2:4, 2:5], instances[2:4, 5:8] = 26001, 26002  # they touch
    instances[8:10, 2:4] = 26001  # another piece of the first
    labels = truth.copy()
    labels[2:4, 2:5] = 0
    by_region = observed(truth, labels)[:, :, 1].sum(0)
    assert by_region.tolist() == [3.0, 2.5, 0.0]
    by_instance = observed(truth, labels, instances=instances)[:, :, 1].sum(0)
    # The first is found by 4 of 10 pixels, the second wholly; the third object has no instance.
    assert by_instance.tolist() == pytest.approx([3.0, 2.4, 1.0])
    instances[:] = 0
    assert np.array_equal(observed(truth, labels, instances=instances), observed(truth, labels))


def test_void_is_no_object_and_cuts_none_out_of_an_instance():
    truth = np.full((6, 6), 255, np.uint8)
    assert observed(truth, truth * 0).sum() == 0
    truth[0] = 1
    truth[0, 3] = 255
    instances = np.where(np.arange(6) < 6, 7, 0) * (np.arange(6)[:, None] == 0)
    assert observed(truth, truth % 255, 2, instances.astype(np.int32))[:, 0].sum() == 1


@pytest.mark.parametrize(("area", "size"), [(1, 0), (2, 1), (17, 1), (18, 2)])
def test_sizes_begin_at_their_share_of_the_image(area, size):
    truth = np.full((64, 64), 255, np.uint8)  # 1/2048 of the image is 2 pixels, 9/2048 is 18
    truth[0, :area] = 1
    assert observed(truth, truth % 255)[:, 0, 1].tolist() == [size == n for n in range(3)]
