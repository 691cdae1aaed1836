import pandas as pd
import pytest

from robustbench_seg.analysis import count_cost, meta_network
from robustbench_seg.records.cards.model_card import list_models, load_card
from robustbench_seg.reporting.literature.published_costs import costs_by_card, published_costs


def test_published_costs_are_of_cards_that_there_are():
    costs = costs_by_card()
    assert {name for name, _ in costs} <= set(list_models())
    assert costs["segformer-b5", (1024, 2048)]["gmacs"] == 1460.4
    assert costs["segformer-b5", (1024, 2048)]["params_m"] == pytest.approx(84.7)
    assert costs["segformer-b5-ade20k", (640, 640)]["gmacs"] == 183.3
    assert costs["segformer-b0-640", (640, 1280)]["gmacs"] == 31.5
    assert costs["deeplabv3plus-r101-openmmlab", (1024, 2048)]["params_m"] == 62.7
    assert len(costs) == 6 + 6 + 2 + 3


def test_table_2_adds_images_per_second_to_table_1a():
    costs = costs_by_card()
    assert costs["segformer-b5", (1024, 2048)]["images_per_s"] == 2.5
    assert costs["segformer-b0-ade20k", (512, 512)]["images_per_s"] == 50.5
    assert "images_per_s" not in costs["segformer-b1", (1024, 2048)]


def test_published_costs_hold_all_rows_of_the_three_tables():
    rows = published_costs().set_index(["table", "dataset", "model"])
    assert rows.index.is_unique
    assert rows.loc[("1a", "coco-stuff", "SegFormer-B5"), "miou"] == 46.7
    assert rows.loc[("2", "ade20k", "SETR ViT-Large"), "images_per_s"] == 5.4
    assert rows.loc[("4", "coco-stuff", "DeepLabV3+ ResNet-50"), "miou"] == 38.4
    assert ("2", "ade20k", "ICNet") not in rows.index  # the table has no value


def test_scores_at_several_scales_stand_apart():
    rows = published_costs().set_index(["table", "dataset", "model"])
    several = rows.loc[("2", "cityscapes", "SegFormer MiT-B5")]
    assert several["miou_ms"] == 84.0
    assert pd.isna(several["miou"])
    assert rows.loc[("1a", "cityscapes", "SegFormer-B5"), ["miou", "miou_ms"]].tolist() == [
        82.4,
        84,
    ]


@pytest.mark.parametrize("size", ["b0", "b2"])
def test_the_paper_counts_as_we_do_with_150_classes(size):
    costs, network = costs_by_card(), meta_network(load_card(f"segformer-{size}-ade20k"))
    name = f"segformer-{size}"
    for said, image in (
        (costs[f"{name}-ade20k", (512, 512)], (512, 512)),
        (costs[name, (1024, 2048)], (1024, 2048)),
    ):
        counted = count_cost(network, image)
        assert counted.macs_written / 1e9 == pytest.approx(said["gmacs"], rel=2e-3)
        assert counted.params / 1e6 == pytest.approx(said["params_m"], abs=0.11)
