import pytest
import torch

from robustbench_seg.architectures import build
from robustbench_seg.errors import WeightsError
from robustbench_seg.files import digest_file
from robustbench_seg.records.cards.model_card import load_card
from robustbench_seg.records.values.training_recipe import TrainingRecipe
from robustbench_seg.training import build_initial_network, trained_card
from robustbench_seg.weights import save_weights


@pytest.fixture
def card():
    return trained_card(
        load_card("segformer-b0"),
        name="mine",
        dataset="camvid",
        classes=11,
        recipe=TrainingRecipe(),
    )


@pytest.fixture
def file(tmp_path):
    """Another network's weights, for other classes and other epsilons."""
    network = build("segformer", 19, size="b0")
    path = tmp_path / "other.safetensors"
    save_weights(path, network.state_dict(), {"eps": "huggingface"})
    return path


def test_a_seed_is_a_start(card):
    first, again, other = (
        build_initial_network(card, TrainingRecipe(seed=seed)) for seed in (1, 1, 2)
    )
    assert first.encoder_sha256 is None
    assert first.card == card
    weights = [start.network.backbone.block4[0].attn.q.weight for start in (first, again, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_an_encoder_is_taken_whole_and_nothing_else(card, file):
    plain, start = (
        build_initial_network(card, TrainingRecipe()),
        build_initial_network(card, TrainingRecipe(), str(file)),
    )
    given = {
        name.removeprefix("backbone."): tensor
        for name, tensor in _read(file).items()
        if name.startswith("backbone.")
    }
    assert given.keys() == start.network.backbone.state_dict().keys()
    for name, tensor in start.network.backbone.state_dict().items():
        assert torch.equal(tensor, given[name]), name
    for name, tensor in start.network.decode_head.state_dict().items():
        assert torch.equal(tensor, plain.network.decode_head.state_dict()[name]), name


def test_where_it_is_from_is_known(card, file):
    start = build_initial_network(card, TrainingRecipe(), str(file))
    digest = digest_file(file)[:12]
    assert start.encoder_sha256 == digest
    # The card must record the epsilons of the training, to build the same network again.
    assert start.card.variant == {"size": "b0", "eps": "huggingface"}
    assert start.network.backbone.norm1.eps == 1e-5
    assert build("segformer", 11, **start.card.variant).backbone.norm1.eps == 1e-5


def test_an_encoder_of_another_size_is_refused(card, tmp_path):
    path = tmp_path / "b1.safetensors"
    save_weights(path, build("segformer", 19, size="b1").state_dict(), {})
    with pytest.raises(WeightsError, match=r"b1\.safetensors does not fit this MixTransformer"):
        build_initial_network(card, TrainingRecipe(), str(path))


def test_drop_path_is_the_recipes(card):
    start = build_initial_network(card, TrainingRecipe(drop_path=0.5))
    assert start.network.backbone.block4[1].drop_path.rate == 0.5
    assert "drop_path" not in start.card.variant


def _read(path):
    from robustbench_seg.weights import read_weights

    return read_weights(path).tensors
