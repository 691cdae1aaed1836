"""How the speed of models is measured."""

from dataclasses import dataclass
from typing import TypedDict

from robustbench_seg.codec import check_ranges
from robustbench_seg.records.values.choices import Precision, check_choices
from robustbench_seg.records.values.ranges import Repetitions, Threads


@dataclass(frozen=True)
class SpeedSpec:
    """How to measure the time and memory for an image.

    Attributes:
        repeat: Number of images, 0 to 10,000. 0: no measurement.
        device: A torch device.
        precision: Number format of the forward pass: "float32", "bf16" or "fp16".
        threads: CPU threads of the network, 1 to 1024. None: the default of torch.

    Raises:
        OptionError: The precision is unknown, or a number is out of range.
    """

    repeat: Repetitions = 0
    device: str = "cpu"
    precision: Precision = "float32"
    threads: Threads | None = None

    def __post_init__(self) -> None:
        check_choices(self)
        check_ranges(self)


class SpeedOptions(TypedDict, total=False):
    """Fields of SpeedSpec as keyword options."""

    repeat: int
    device: str
    precision: Precision
    threads: int | None
