"""The published table of SemSegBench: that the copy is right."""

import pytest

from robustbench_seg.reporting.literature.published_tables import published_table, table_description


def test_76_models_on_three_datasets():
    table = published_table("semsegbench")
    assert table["dataset"].value_counts().to_dict() == {
        "cityscapes": 32,
        "ade20k": 26,
        "voc": 18,
    }
    assert table.notna().sum().sum() == 76 * 5 + 1996
    assert set(table_description("semsegbench").images) == set(table["dataset"])


def test_no_cell_is_mistyped():
    # Sums over the rows of the source's file.
    table = published_table("semsegbench")
    sums = {
        "clean": 5098.91,
        "gaussian_noise": 3369.81,
        "shot_noise": 3556.53,
        "impulse_noise": 3335.61,
        "defocus_blur": 4613.11,
        "glass_blur": 4500.72,
        "motion_blur": 4610.92,
        "zoom_blur": 2420.04,
        "snow": 3209.2,
        "frost": 3951.95,
        "fog": 4683.27,
        "brightness": 4844.61,
        "contrast": 4734.24,
        "elastic_transform": 3584.16,
        "pixelate": 4642.98,
        "jpeg_compression": 4013.88,
        "stored_mean": 4004.74,
        "stored_worst": 2316.67,
        "cospgd_linf": 4.48,
        "cospgd_l2": 2505.0,
        "segpgd_linf": 41.88,
        "segpgd_l2": 2625.06,
        "pgd_linf": 133.83,
        "pgd_l2": 3457.48,
        "narm_linf": 4.48,
        "narm_l2": 2505.0,
        "acdc": 1510.18,
        "acdc_fog": 2166.73,
        "acdc_snow": 1613.28,
        "acdc_rain": 1714.89,
        "acdc_night": 717.89,
    }
    assert table[list(sums)].sum().to_dict() == pytest.approx(sums, abs=1e-6)


def test_cells_that_the_source_prints():
    table = published_table("semsegbench").set_index(["model", "dataset", "crop"])
    broken = table.loc[("deeplabv3plus-resnet18", "cityscapes", "512x1024")]
    assert (broken["clean"], broken["gaussian_noise"], broken["fog"]) == (76.89, 2.21, 1.98)
    best = table.loc[("upernet-internimage-xl", "cityscapes", "512x1024")]
    assert (best["family"], best["params"]) == ("upernet-internimage", 367_733_000)
    assert (best["acdc"], best["acdc_night"]) == (62.81, 40.28)
