import pytest

from robustbench_seg.datasets import open_dataset
from robustbench_seg.errors import DatasetError

# From the appendix of the challenge's README, and the images of SegmentMeIfYouCan.
IMAGES = (
    "bravo_ACDC/fog/test/GOPR0475/GOPR0475_frame_000247_rgb_anon.png",
    "bravo_SMIYC/RoadAnomaly21/images/airplane0000.jpg",
    "bravo_outofcontext/frankfurt/frankfurt_000000_000576_leftImg8bit.png",
    "bravo_synflare/lindau/lindau_000000_000019_leftImg8bit.png",
    "bravo_synobjs/polar bear/4.png",
    "bravo_synrain/munster/munster_000173_000019_leftImg8bit.png",
)


def test_all_subsets_are_found(tmp_path, put):
    for image in (*IMAGES, "bravo_synobjs/polar bear/4_mask.png"):
        put(image)
    dataset = open_dataset("bravo", tmp_path, "test")
    assert dataset.ids == IMAGES
    assert not dataset.files.is_labelled


def test_there_is_one_split(tmp_path):
    with pytest.raises(DatasetError, match=r"unknown split of BRAVO 'val'.* Known: test"):
        open_dataset("bravo", tmp_path)
