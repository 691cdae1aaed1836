"""The images whose activations decide the integer scales of a quantised network."""

from dataclasses import dataclass

from robustbench_seg.records.values.ranges import Positive


@dataclass(frozen=True)
class CalibrationRecord:
    """Everything that decides a quantised graph, besides the float32 network.

    Attributes:
        dataset: The dataset of the images.
        split: Their split.
        images: Their ids.
        pixels: sha256 of their pixels, in that order.
        quantiser: The quantising library with its version, such as "onnxruntime 1.22.0".
        law: Version of the program's own choices, see segmenter.loading.quantisation.
    """

    dataset: str
    split: str
    images: tuple[str, ...]
    pixels: str
    quantiser: str
    law: Positive

    def __str__(self) -> str:
        count = len(self.images)
        return (
            f"{count} image{'s' * (count != 1)} of {self.dataset} {self.split} "
            f"({self.pixels[:8]}), {self.quantiser}"
        )


def quantised_name(name: str) -> str:
    """Return the name of a model whose network is quantised.

    >>> quantised_name("deeplabv3plus-r50")
    'deeplabv3plus-r50-int8'
    """
    return f"{name}-int8"
