"""Cards of models that transformers runs."""

import pytest

from robustbench_seg.errors import ModelError
from robustbench_seg.records.cards.hub_card import list_hub_models, load_hub_card
from robustbench_seg.records.cards.model_card import list_models, load_card


@pytest.mark.parametrize("name", list_hub_models())
def test_every_card_is_whole(name):
    card = load_hub_card(name)
    owner, repository = card.location.split("/")
    assert owner
    assert repository
    assert card.model == f"hf:{card.location}"
    assert name not in list_models()
    assert name.endswith(f"-{card.dataset}") or card.dataset == "cityscapes"


def test_locations_are_different():
    names = list_hub_models()
    assert len({load_hub_card(name).location for name in names}) == len(names) > 25


def test_only_an_evaluation_takes_one():
    with pytest.raises(
        ModelError, match=r"^eomt-l is run by transformers, so it can only be evaluated;"
    ):
        load_card("eomt-l")
    with pytest.raises(ModelError, match="unknown model 'eomt-m'; did you mean 'eomt-l'"):
        load_card("eomt-m")
