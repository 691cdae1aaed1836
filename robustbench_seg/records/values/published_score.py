"""The published clean score of a model, on its card and in the records of its runs."""

from dataclasses import dataclass

from robustbench_seg.records.values.ranges import Percent


@dataclass(frozen=True)
class Published:
    """Clean mIoU as published, in percent, single scale, on the validation split."""

    miou: Percent
    source: str
