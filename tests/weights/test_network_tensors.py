"""A network among other contents of a training; its values identify the one loaded."""

import logging

import pytest
import torch
from torch import nn

from robustbench_seg.errors import WeightsError
from robustbench_seg.weights import load_weights


class Small(nn.Module):
    """A network of two modules, all its values `value`."""

    def __init__(self, value=0.0, width=4, classes=3):
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(3, width, 1), nn.BatchNorm2d(width))
        self.classifier = nn.Conv2d(width, classes, 1)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.fill_(value)


def state(value, prefix="", **sizes):
    return {f"{prefix}{name}": t for name, t in Small(value, **sizes).state_dict().items()}


def loaded(tmp_path, content):
    """The one value of the network that was loaded, and the metadata."""
    torch.save(content, tmp_path / "a.ckpt")
    network = Small()
    metadata = load_weights(network, tmp_path / "a.ckpt")
    (value,) = {float(x) for p in network.parameters() for x in p.flatten()}
    return value, metadata


def notes(caplog):
    return [record.getMessage().split(".ckpt: ")[1] for record in caplog.records]


@pytest.mark.parametrize(
    ("content", "prefix"),
    [
        (state(2), None),
        (state(2, "net."), "net."),
        (state(2, "module."), None),
        ({"state_dict": state(2, "model.module.")}, "model."),
        ({"state_dict": state(2, "a.student_1.")}, "a.student_1."),
        ({"weights": state(2)}, "weights."),
        ({k.replace("backbone.", "backbone._orig_mod."): v for k, v in state(2).items()}, None),
        (
            {k.replace("er.", "er._fsdp_wrapped_module."): v for k, v in state(2, "net.").items()},
            "net.",
        ),
        ({k.replace("backbone.", "backbone.model."): v for k, v in state(2).items()}, None),
        ({"state_dict_ema": state(2, "module."), "epoch": 1}, "state_dict_ema."),
        ({"model": state(2), "ema": state(5)}, None),
    ],
)
def test_the_prefix_of_the_network_is_found(tmp_path, content, prefix):
    value, metadata = loaded(tmp_path, content)
    assert (value, metadata.get("prefix")) == (2, prefix)


def test_other_tensors_are_passed_over_in_one_line(tmp_path, caplog):
    others = {"criterion.weight": torch.ones(19), "iou.confmat": torch.zeros(3, 3)}
    assert loaded(tmp_path, {"state_dict": {**state(2, "net."), **others}})[0] == 2
    assert loaded(tmp_path, {**state(3, "module."), "n_averaged": torch.tensor(5)})[0] == 3
    assert notes(caplog) == [
        "the network under 'net.' is used; 2 tensors outside the network are not used "
        "(criterion, iou)",
        "1 tensor outside the network is not used (n_averaged)",
    ]


def test_shapes_choose_the_network_that_fits(tmp_path, caplog):
    caplog.set_level(logging.WARNING)
    teacher = state(7, "teacher.", width=8)
    assert loaded(tmp_path, {**teacher, **state(2, "student.")})[0] == 2
    assert "under 'student.' is used; 9 tensors outside" in notes(caplog)[0]


@pytest.mark.parametrize("average", ["ema_model.", "model_ema.module.", "swa."])
def test_a_network_is_preferred_to_its_average(tmp_path, caplog, average):
    content = {**state(7, average), **state(2, "model.")}
    assert loaded(tmp_path, {"state_dict": content})[0] == 2
    assert f"({average.partition('.')[0]})" in notes(caplog)[0]


def test_an_average_alone_is_said(tmp_path, caplog):
    content = {**state(2, "ema."), **state(7, "student.", width=8)}
    assert loaded(tmp_path, content)[0] == 2
    assert notes(caplog)[0].startswith("it contains only a moving average of the weights (EMA)")


@pytest.mark.parametrize(
    "content",
    [
        {"state_dict": {**state(1, "student."), **state(2, "teacher.")}},
        {"student": state(1), "teacher": state(2)},
        {"model": {"student": state(1), "teacher": state(2)}, "optimizer": state(3)},
    ],
)
def test_two_networks_are_refused_with_their_names(tmp_path, content):
    with pytest.raises(WeightsError) as raised:
        loaded(tmp_path, content)
    message = str(raised.value)
    assert "contains 2 different networks, under '" in message
    assert "\n" not in message
    assert "student.'" in message
    assert "teacher.'" in message


def test_a_state_under_two_known_keys_is_no_guess(tmp_path):
    with pytest.raises(WeightsError, match=r"different networks, under 'model\.', 'state_dict\.'"):
        loaded(tmp_path, {"state_dict": state(1), "model": state(2)})


def test_a_wrapped_and_a_plain_network_are_two(tmp_path):
    with pytest.raises(WeightsError, match=r"different networks, under '', 'module\.'"):
        loaded(tmp_path, {**state(1), **state(2, "module.")})


def test_equal_networks_are_one(tmp_path):
    assert loaded(tmp_path, {**state(2, "student."), **state(2, "teacher.")})[0] == 2


def test_half_a_network_is_refused(tmp_path):
    half = {n: t for n, t in state(2, "net.").items() if "classifier" not in n}
    with pytest.raises(WeightsError) as raised:
        loaded(tmp_path, {**half, "criterion.weight": torch.ones(19)})
    assert "2 missing: classifier.weight, classifier.bias" in str(raised.value)


def test_halves_of_two_networks_make_none(tmp_path):
    half = {n: t for n, t in state(2, "student.").items() if "classifier" not in n}
    rest = {n: t for n, t in state(3, "teacher.").items() if "classifier" in n}
    with pytest.raises(WeightsError, match="does not fit this Small: "):
        loaded(tmp_path, half | rest)


def test_a_deeper_network_is_refused(tmp_path):
    more = {"net.backbone.2.weight": torch.zeros(4)}
    with pytest.raises(WeightsError, match=r"1 left over: backbone\.2\.weight"):
        loaded(tmp_path, state(2, "net.") | more)


def test_an_optimiser_s_averages_are_no_weights(tmp_path):
    moments = {f"{name}.exp_avg": tensor for name, tensor in state(7).items()}
    assert loaded(tmp_path, {**state(2, "net."), "state": moments})[0] == 2
