"""Published rows next to measured ones: which rank, and why the others do not."""

import re

import pandas as pd
import pytest

from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.records.specs.evaluation_spec import EvaluationSpec
from robustbench_seg.records.values.shard import Shard
from robustbench_seg.reporting.literature.catalogue import literature
from robustbench_seg.reporting.literature.published_notice import published_notice
from robustbench_seg.reporting.literature.published_results import (
    published_extent,
    published_results,
)
from robustbench_seg.reporting.literature.published_tables import table_description
from robustbench_seg.reporting.page.page import write_page
from robustbench_seg.reporting.panels import read_panels
from robustbench_seg.reporting.tables.terminal_table import terminal_table

SEV3, FAN = load_protocol("semsegbench-sev3"), load_protocol("city-c-fan")


@pytest.fixture
def three_images(monkeypatch):
    """Patch all published tables to the three images of the test runs."""
    rows = literature().assign(images=3)
    monkeypatch.setattr(
        "robustbench_seg.reporting.literature.published_results.literature", lambda: rows
    )


def test_rows_of_the_same_images_and_protocol_rank():
    found = published_results("cityscapes", "val", SEV3, 500)
    rows = found.ranked
    assert len(rows) == 26  # of 32; six are flagged
    assert found.tables == ("semsegbench",)
    assert set(rows["source"]) == {"published"}
    assert rows["model"].is_unique
    assert {"segformer-mit-b0 512x1024", "segformer-mit-b0 1024x1024"} < set(rows["model"])
    assert "segformer-mit-b5" in set(rows["model"])  # its other row is flagged
    assert rows["mean"].max() == pytest.approx(74.26, abs=0.005)
    assert len(published_results("ade20k", "val", SEV3, 2000).ranked) == 24


@pytest.mark.parametrize(
    ("dataset", "split", "protocol", "images"),
    [
        ("cityscapes", "val", "semsegbench-sev3", 499),
        ("cityscapes", "train", "semsegbench-sev3", 500),
        ("cityscapes", "val", "mpc-15", 500),
        ("camvid", "val", "semsegbench-sev3", 500),
    ],
)
def test_rows_of_anything_else_do_not(dataset, split, protocol, images):
    found = published_results(dataset, split, load_protocol(protocol), images)
    assert found.ranked.empty
    assert found.tables == ()


def test_each_of_the_others_says_why():
    def reasons_of(images):
        elsewhere = published_results("cityscapes", "val", SEV3, images).elsewhere
        return elsewhere.set_index("model")["reason"]

    reasons = reasons_of(500)
    assert reasons["segformer-mit-b5 512x1024"].startswith("inconsistent in itself: brightness")
    assert reasons["SegFormer-B5"] == "under another protocol"
    assert reasons["Rein"] == "measured otherwise"
    assert reasons["EoMT-L (DINOv2)"] == "no corruption scored"
    fewer = reasons_of(50)
    assert fewer["unet-custom 512x1024"] == "on all 500 images of the split, the rows above on 50"
    assert published_results("minicity", "val", SEV3, 500).elsewhere.empty
    whole = len(literature(dataset="cityscapes"))
    for images in (50, 500):
        found = published_results("cityscapes", "val", SEV3, images)
        assert len(found.ranked) + len(found.elsewhere) == whole


def test_the_table_of_a_benchmark_is_shown_where_it_does_not_rank():
    paper = load_protocol("cityscapes-c")
    ranked = published_results("cityscapes", "val", paper, 500)
    assert (len(ranked.ranked), len(ranked.benchmark)) == (13, 0)
    assert ranked.shown is ranked.ranked
    for dataset, elsewhere in (("cityscapes", 13), ("camvid", 0)):
        found = published_results(dataset, "val", paper, 3)
        assert (len(found.ranked), len(found.benchmark)) == (0, 13)
        assert found.shown is found.benchmark
        assert list(found.elsewhere["source"]).count("cityscapes_c") == elsewhere
        assert "cityscapes_c" not in set(found.not_shown["source"])
    other = published_results("cityscapes", "val", FAN, 3)
    assert other.benchmark.empty
    assert "SegFormer-B5" in set(other.not_shown["model"])


def test_no_cell_is_shown_beside_scores_of_fewer_classes():
    for images in (3, 500):
        found = published_results(
            "cityscapes", "val", load_protocol("cityscapes-c"), images, all_classes=False
        )
        assert found.shown.empty
        assert (found.tables, found.caption) == ((), "")


def test_the_extent_of_a_published_model():
    assert published_extent("FAN-L-Hybrid") == "all 500 images of cityscapes val under city-c-fan"
    assert published_extent("EoMT-L (DINOv2)") is None  # its protocol is not included


def test_a_page_ranks_them_and_cites_them(run, tmp_path, three_images, blank_figures):
    folder = run("alpha", dataset="cityscapes", protocol="semsegbench-sev3")
    (panel,) = read_panels([folder], reference="pspnet-resnet50")
    assert list(panel.miou["source"]).count("published") == 26
    # 80 - 4 * 3 at every corruption: between two published means.
    assert panel.miou["model"].tolist().index("alpha") == (panel.miou["mean"] > 68).sum()
    page = write_page([panel], tmp_path, pictures=False).read_text(encoding="utf-8")
    text = " ".join(page.split())
    assert "colour order: BGR" in text
    assert "agnihotri2025semsegbench" in text
    assert "inconsistent in itself: brightness 17.3 below clean" in text
    assert "What papers claim" not in text  # claims are about Cityscapes-C
    published = pd.read_csv(tmp_path / "tables" / "published.csv")
    assert len(published) == 26
    tidy = pd.read_parquet(tmp_path / "tables" / "scores.parquet")
    assert (tidy["source"] == "published").sum() == 26 * (1 + 15 + 2)
    assert re.search(r"published: SemSegBench", (tmp_path / "tables/miou.tex").read_text())


def test_printed_means_rank_without_cells(run, tmp_path, three_images, blank_figures):
    (panel,) = read_panels([run("alpha", dataset="cityscapes", protocol="city-c-fan")])
    rows = panel.miou.set_index("model")
    assert rows.loc["FAN-L-Hybrid", "mean"] == 68.7
    assert pd.isna(rows.loc["FAN-L-Hybrid", "fog"])
    assert re.search(r"FAN-T-Hybrid \(published\) +81.2 +57.1", terminal_table([panel]))
    assert "FAN-L-Hybrid" in write_page([panel], tmp_path, pictures=False).read_text("utf-8")


def test_a_source_says_how_it_measured():
    text = table_description("semsegbench").caption_text
    assert "commit ac60e41" in text
    assert "Severities 3, " in text
    claims = table_description("claims").caption_text
    assert claims.startswith("Claims of papers about Cityscapes-C: SegFormer")
    assert table_description("cityscapes_c").caption_text.startswith("Xie et al., SegFormer (arXiv")


def test_rows_of_a_model_that_is_about_to_be_evaluated():
    def notice(*models, **options):
        return published_notice(EvaluationSpec(models, **options))

    text = notice("segformer-b5", "mine", protocol="cityscapes-c")
    assert text == (
        "published on cityscapes val under cityscapes-c, mean mIoU: SegFormer-B5 65.8 "
        "(cityscapes_c); see robustseg literature --dataset cityscapes --protocol cityscapes-c"
    )
    usable = notice("segformer-b5", protocol="semsegbench-sev3")
    assert "segformer-mit-b5 71.1 (semsegbench, crop 1024x1024)" in usable
    assert "512x1024" not in usable  # its cells are flagged
    assert notice("segformer-b5") == text
    assert notice("segformer-b5", shard=Shard(1, 2)) == text
    assert notice("segformer-b4") == ""
    for other in (
        {"split": "train"},
        {"dataset": "camvid"},
        {"dataset": "mine.toml"},
        {"weights": "mine.pth"},
        {"class_map": "cityscapes-to-camvid"},
        {"shard": Shard(2, 2)},
    ):
        assert notice("segformer-b5", **other) == ""
