import pytest

from robustbench_seg.analysis import count_cost, shape_of
from robustbench_seg.model_cards import list_models, load_card
from robustbench_seg.reporting.costs import published_costs


def test_published_costs_are_of_cards_that_there_are():
    costs = published_costs()
    assert {name for name, _ in costs} <= set(list_models())
    assert costs["segformer-b5", (1024, 2048)].gmacs == 1460.4
    assert costs["segformer-b5", (1024, 2048)].params == pytest.approx(84.7)
    assert costs["segformer-b5-ade20k", (640, 640)].gmacs == 183.3
    assert costs["segformer-b0-640", (640, 1280)].gmacs == 31.5
    assert costs["deeplabv3plus-r101-openmmlab", (1024, 2048)].params == 62.7
    assert len(costs) == 6 + 6 + 2 + 3


@pytest.mark.parametrize("size", ["b0", "b2"])
def test_the_paper_counts_as_we_do_with_150_classes(size):
    costs, network = published_costs(), shape_of(load_card(f"segformer-{size}-ade20k"))
    name = f"segformer-{size}"
    for said, image in (
        (costs[f"{name}-ade20k", (512, 512)], (512, 512)),
        (costs[name, (1024, 2048)], (1024, 2048)),
    ):
        counted = count_cost(network, image)
        assert counted.macs_written / 1e9 == pytest.approx(said.gmacs, rel=2e-3)
        assert counted.params / 1e6 == pytest.approx(said.params, abs=0.11)
