import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from robustbench_seg.analysis import count_cost, image_macs, meta_network
from robustbench_seg.architectures import build
from robustbench_seg.records.cards.model_card import load_card
from robustbench_seg.records.runs.segmenter_record import SegmenterRecord
from robustbench_seg.records.values.preprocessing import Inference, Resize
from robustbench_seg.segmenter.inference.folding import fold

CITY, CROP = (1024, 2048), (512, 512)

# 10^9 MACs of the originals, by the same counter: transformers, mmsegmentation 1.2.2 and
# VainF/DeepLabV3Plus-Pytorch; their SegFormer decoders are not folded.
ORIGINALS = [
    ("segformer-b0", CITY, 120.96),
    ("segformer-b2", CITY, 703.49),
    ("segformer-b5", CITY, 1446.37),
    ("segformer-b0-ade20k", CROP, 8.39),
    ("segformer-b3-ade20k", CROP, 78.96),
    ("segformer-b0-openmmlab", CITY, 120.96),
    ("segformer-b2-openmmlab", CITY, 419.01),
    ("deeplabv3plus-r50-openmmlab", CITY, 1409.26),
    ("deeplabv3plus-mobilenetv2-openmmlab", CITY, 544.30),
    ("deeplabv3plus-r101-vainf-os16", CITY, 631.56),
    ("deeplabv3plus-mobilenetv2-vainf-os16", CITY, 133.60),
]


@pytest.mark.parametrize(("name", "size", "gmacs"), ORIGINALS)
def test_operations_equal_the_originals(name, size, gmacs):
    counted = count_cost(meta_network(load_card(name)), size)
    assert counted.macs_written / 1e9 == pytest.approx(gmacs, rel=1e-3, abs=0.005)
    if name.startswith("segformer"):
        assert counted.macs < counted.macs_written
    else:
        assert counted.macs == counted.macs_written


@pytest.mark.parametrize(
    "name",
    [
        "segformer-b1",
        "segformer-b1-openmmlab",
        "deeplabv3plus-mobilenetv2",
        "deeplabv3plus-r50b-openmmlab",
        "deeplabv3plus-x65-tf",
    ],
)
def test_operations_equal_those_that_torch_counts(name):
    network = meta_network(load_card(name))
    for size in ((512, 768), (65, 97)):
        with FlopCounterMode(display=False) as counter, torch.inference_mode():
            network(torch.empty(1, 3, *size, device="meta"))
        counted = count_cost(network, size)
        assert counted.macs + network.macs_folded() == counter.get_total_flops() / 2


def test_the_folded_decoder_is_counted_as_it_runs():
    # By hand: decoder of B0 on 64x64: scales 16, 8, 4, 2; projection merged with the fusion, once.
    channels, sides, width, classes = (32, 64, 160, 256), (16, 8, 4, 2), 256, 19
    per_scale = sum(s * s * c * width for s, c in zip(sides, channels, strict=True))
    classifier = 16 * 16 * width * classes
    fusion = 16 * 16 * 4 * width * width
    counted = count_cost(meta_network(load_card("segformer-b0")), (64, 64))
    as_run, written = per_scale + classifier, per_scale + fusion + classifier
    assert counted.macs_written - counted.macs == written - as_run


@pytest.mark.parametrize("variant", [{"size": "b0"}, {"size": "b0", "decoder_channels": 512}])
def test_what_is_counted_is_what_the_folded_network_does(variant):
    size = (64, 96)
    with torch.device("meta"):
        counted = count_cost(build("segformer", 19, **variant).eval(), size).macs
        folded = fold(build("segformer", 19, **variant).eval())
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        folded(torch.zeros(1, 3, *size, device="meta"))
    assert counted == pytest.approx(counter.get_total_flops() / 2, rel=1e-3)


def test_an_image_in_windows_costs_its_windows():
    def record(*inference, resize=None):
        how = Inference(*inference)
        return SegmenterRecord("segformer", variant={"size": "b0"}, inference=how, resize=resize)

    with torch.device("meta"):
        network = build("segformer", 19, size="b0").eval()
    once, window = (count_cost(network, size).macs for size in ((192, 256), (128, 128)))
    assert image_macs(record("whole"), 19, (192, 256)) == once
    # Rows at 0 and 64, columns at 0, 96 and 128.
    slid = record("slide", 128, 96)
    assert image_macs(slid, 19, (192, 256)) == 2 * 3 * window
    # A small image is one window of its size.
    assert image_macs(slid, 19, (96, 96)) == count_cost(network, (96, 96)).macs
    resized = record("whole", resize=Resize(128, 512))
    assert image_macs(resized, 19, (256, 256)) == count_cost(network, (128, 128)).macs


def test_a_padded_image_costs_its_padding():
    # As in TensorFlow's DeepLab, these sides get one more pixel, for a grid of 16.
    card = load_card("deeplabv3plus-x65-tf")
    record = SegmenterRecord(
        card.architecture, variant=card.variant, inference=Inference("whole"), grid=16
    )
    padded = count_cost(meta_network(card), (65, 97)).macs
    assert image_macs(record, 19, (64, 96)) == image_macs(record, 19, (65, 97)) == padded
    assert count_cost(meta_network(card), (64, 96)).macs < padded


def test_a_decoder_of_one_stage_is_not_folded():
    with torch.device("meta"):
        network = build("segformer", 19, stages=(4,)).eval()
    counted = count_cost(network, (64, 64))
    assert counted.macs == counted.macs_written


def test_counting_leaves_the_network_as_it_was():
    network = meta_network(load_card("segformer-b0"))
    assert count_cost(network, CROP) == count_cost(network, CROP)
    assert not network.decode_head._forward_pre_hooks
