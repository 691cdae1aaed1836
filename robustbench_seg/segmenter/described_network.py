"""A network with its description."""

from dataclasses import dataclass

from torch import nn

from robustbench_seg.records.runs.segmenter_record import ModelFacts, SegmenterRecord


@dataclass(frozen=True, eq=False)
class DescribedNetwork:
    """A network, or the program that a runtime made of it, with its description.

    Attributes:
        network: Maps normalised float Nx3xHxW to logits NxKxhxw of any size; in eval mode.
        record: Everything about it that decides a label, except the options of the segmenter.
        about: Further facts for readers.
    """

    network: nn.Module
    record: SegmenterRecord
    about: ModelFacts
