"""The images whose activations set the integer scales of a quantised network."""

from dataclasses import dataclass

from robustbench_seg.records.values.ranges import Positive


@dataclass(frozen=True)
class CalibrationRecord:
    """What decides a quantised graph, beside the network of float32 that it is made of.

    Attributes:
        dataset: The dataset of the images.
        split: The split that they are of.
        images: Their ids.
        pixels: sha256 of their pixels, in that order.
        quantiser: The library that quantised, with its version, such as "onnxruntime 1.22.0".
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
