"""Builds a segmenter from a network, its preprocessing and the options."""

import logging
from collections.abc import Sequence
from dataclasses import replace

from torch import nn

from robustbench_seg.errors import ModelError, OptionError
from robustbench_seg.machine.precision import why_slow
from robustbench_seg.records.runs.calibration_record import quantised_name
from robustbench_seg.records.values.adaptation import adapted_name
from robustbench_seg.records.values.preprocessing import Inference
from robustbench_seg.records.values.ranges import MAX_CLASSES
from robustbench_seg.records.values.test_time_augmentation import parse_augment
from robustbench_seg.segmenter.augmented_segmenter import AUGMENTATION_LAW, AugmentedSegmenter
from robustbench_seg.segmenter.described_network import DescribedNetwork
from robustbench_seg.segmenter.foreign_errors import reason
from robustbench_seg.segmenter.inference.batch_norm import ADAPTATION_LAW, batch_norms
from robustbench_seg.segmenter.inference.resizing import RESIZE_LAW
from robustbench_seg.segmenter.inference.windows import INFERENCE_LAW
from robustbench_seg.segmenter.network_segmenter import NetworkSegmenter
from robustbench_seg.segmenter.segmenter_options import SegmenterOptions

log = logging.getLogger(__name__)


def assemble(
    described: DescribedNetwork,
    options: SegmenterOptions,
    *,
    name: str,
    classes: Sequence[str],
    kind: type[NetworkSegmenter] = NetworkSegmenter,
) -> NetworkSegmenter:
    """Build the segmenter of a network in eval mode.

    Args:
        described: The network. Its record has its preprocessing, its resize if it has one, and its
            inference mode, which `options` may override. The options are added to the record, and
            the device to the facts.
        options: How it runs.
        name: The model's name, which `options` may override.
        classes: Class names, in the order of the logits.
        kind: The class of the segmenter. Test-time augmentation and adaptation need the default.

    Returns:
        The segmenter.

    Raises:
        ModelError: There are too many classes for uint8 labels, or the network cannot be adapted.
        OptionError: The device does not exist, or the network does not support views of an
            image.
    """
    if not 1 <= len(classes) <= MAX_CLASSES:
        raise ModelError(
            f"{options.name or name} has {len(classes)} classes; expected 1 to {MAX_CLASSES}"
        )
    network, record = described.network, described.record
    name = options.name or name
    laws = {**record.laws, "inference": INFERENCE_LAW}
    if record.resize:
        laws["resize"] = RESIZE_LAW
    own, augment = kind is NetworkSegmenter, parse_augment(options.augment)
    if augment is not None:
        if not own or (augment.scales and record.input_size):
            raise OptionError(
                f"{name}: it takes only images of a fixed size, not scaled ones; leave out augment"
            )
        laws["augment"], kind = AUGMENTATION_LAW, AugmentedSegmenter
    if options.adapt is not None:
        if obstacle := _why_not_adaptable(network, own=own):
            raise ModelError(f"{name} cannot be adapted: {obstacle}")
        laws["adaptation"], name = ADAPTATION_LAW, adapted_name(name)
    if options.precision == "int8":
        name = quantised_name(name)
    record = replace(
        record,
        inference=options.inference_of(record.inference or Inference("whole")),
        precision=options.precision,
        laws=laws,
        adaptation=options.adaptation,
        augment=augment,
    )
    if slow := why_slow(options.precision, options.device):
        log.warning("%s: %s", name, slow)
    try:
        return kind(
            network,
            name=name,
            classes=tuple(classes),
            record=record,
            about=replace(described.about, device=options.device),
            device=options.device,
            batch=options.batch,
        )
    except (RuntimeError, AssertionError) as error:
        raise OptionError(
            f"device '{options.device}': {reason(error)}; choose another device"
        ) from error


def _why_not_adaptable(network: nn.Module, *, own: bool) -> str | None:
    """Return why a network cannot be adapted. `own`: whether it gets images as others do."""
    if not own:
        return "its image processor prepares each image; choose an input size"
    return None if batch_norms(network) else "it has no BatchNorm"
