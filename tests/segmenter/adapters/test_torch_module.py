"""A torch module of a user's own as a segmenter."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from robustbench_seg.errors import ModelError, OptionError
from robustbench_seg.records.values.preprocessing import Inference, Preprocessing
from robustbench_seg.segmenter import load_segmenter

MEAN, STD, CLASSES = (0.4, 0.5, 0.6), (0.2, 0.25, 0.3), ("sky", "road", "car")
KNOWN = {"classes": CLASSES, "mean": MEAN, "std": STD}


class Small(nn.Module):
    """With a parameter, a buffer of whole numbers and a step that differs in training."""

    def __init__(self, seed=0, wide=8):
        super().__init__()
        torch.manual_seed(seed)
        self.body = nn.Conv2d(3, wide, 5, stride=4, padding=2)
        self.norm = nn.BatchNorm2d(wide)
        self.head = nn.Conv2d(wide, 3, 1)

    def forward(self, images):
        return self.head(self.norm(self.body(images)))


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(0).integers(0, 256, (67, 90, 3), np.uint8)


def test_its_labels_are_those_of_its_upsampled_logits(image):
    segmenter = load_segmenter(Small(), **KNOWN)
    mean, std = (torch.tensor(v).reshape(1, 3, 1, 1) for v in (MEAN, STD))
    batch = (torch.from_numpy(image).permute(2, 0, 1)[None] / 255 - mean) / std
    with torch.inference_mode():
        logits = F.interpolate(Small().eval()(batch), (67, 90), mode="bilinear")
    torch.testing.assert_close(segmenter.logits(image), logits, atol=1e-5, rtol=0)
    assert (segmenter(image) == logits.argmax(1)[0].numpy()).mean() > 0.999
    assert (segmenter.name, segmenter.classes) == ("Small", CLASSES)
    assert load_segmenter(Small(), name="mine", **KNOWN).name == "mine"


def test_its_record_holds_what_decides_its_labels():
    record = load_segmenter(Small(), **KNOWN).record
    assert record.architecture.endswith("test_torch_module.Small")
    assert record.preprocessing == Preprocessing(MEAN, STD)
    assert record.inference == Inference("whole")
    assert record.laws == {"module": 1, "inference": 1}
    assert load_segmenter(Small(), **KNOWN).record == record
    others = [
        load_segmenter(Small(seed=1), **KNOWN).record,
        load_segmenter(Small(wide=4), **KNOWN).record,
        load_segmenter(Small(), **{**KNOWN, "mean": (0.5, 0.5, 0.5)}).record,
        load_segmenter(Small(), inference="slide", **KNOWN).record,
    ]
    assert len({str(other) for other in [record, *others]}) == 5
    moved = Small()
    moved.norm.num_batches_tracked += 1  # buffers also count
    assert load_segmenter(moved, **KNOWN).record.weights != record.weights


def test_it_is_run_in_eval_mode_and_counted():
    network = Small().train()
    segmenter = load_segmenter(network, **KNOWN)
    assert not network.training
    assert segmenter.about.params == sum(p.numel() for p in network.parameters())
    assert segmenter.about.libraries == {"torch": torch.__version__}


def test_models_of_torchvision_answer_a_dict(image):
    class Wrapped(Small):
        def forward(self, images):
            return {"out": super().forward(images), "aux": None}

    plain, wrapped = (load_segmenter(kind(), **KNOWN) for kind in (Small, Wrapped))
    assert np.array_equal(wrapped(image), plain(image))


@pytest.mark.parametrize(
    ("answer", "given"),
    [
        (lambda logits: logits[0], r"\(3, 17, 23\)"),
        (lambda logits: logits.tolist(), "list"),
        (lambda logits: torch.cat([logits, logits]), r"\(2, 3, 17, 23\)"),
        (lambda logits: logits.mT, "23x17 for an image of .*: height and width are swapped"),
    ],
)
def test_an_answer_that_is_no_logits_is_refused(image, answer, given):
    class Wrong(Small):
        def forward(self, images):
            return answer(super().forward(images))

    with pytest.raises(ModelError, match=rf"Wrong: returns {given}; expected logits NxKxhxw"):
        load_segmenter(Wrong(), **KNOWN)(image)


def test_a_backend_is_for_cards():
    with pytest.raises(OptionError, match=r"accepts only .*; leave out backend"):
        load_segmenter(Small(), backend="openvino", **KNOWN)


def test_as_many_classes_as_logits_are_named(image):
    segmenter = load_segmenter(Small(), **{**KNOWN, "classes": ("a", "b")})
    with pytest.raises(ModelError, match="Small: returns logits of 3 classes, but 2 are named"):
        segmenter(image)
