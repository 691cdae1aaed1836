"""The two models that ship. What they score is in tests/reporting/test_recorded.py."""

import pytest

from robustbench_seg.cli.demo import MODELS
from robustbench_seg.model_cards import load_card


@pytest.mark.parametrize("name", MODELS)
def test_a_shipped_card_tells_how_its_weights_were_made(name):
    card = load_card(name)
    assert card.training is not None
    assert card.training.command.startswith("robustseg train ")
    assert card.training.minutes > 0
    assert card.published is not None


def test_the_weights_are_small_enough_to_ship():
    assert sum(load_card(name).weights_file.stat().st_size for name in MODELS) < 15e6
