"""The preparation of an image for a network: its size, its normalisation, whole or in windows."""

from dataclasses import dataclass

from robustbench_seg.errors import CardError
from robustbench_seg.records.values.choices import InferenceMode
from robustbench_seg.records.values.ranges import AboveZero, Side


@dataclass(frozen=True)
class Preprocessing:
    """The normalisation of an image: the network sees (rgb - mean) / std, with rgb in 0..1."""

    mean: tuple[float, float, float]
    std: tuple[AboveZero, AboveZero, AboveZero]

    @property
    def impossible(self) -> float | None:
        """A value of mean or std that RGB in 0..1 cannot have. None: there is none.

        Usually the three numbers are then for values in 0..255.
        """
        wrong = [value for value in self.mean if not 0 <= value <= 1]
        return next(iter(wrong + [value for value in self.std if value > 1]), None)

    def check_unit_range(self) -> None:
        """Refuse a normalisation for values in 0..255.

        Raises:
            CardError: A value is not for RGB in 0..1.
        """
        if self.impossible is not None:
            raise CardError(
                f"mean and std: {self.impossible:g} is not for RGB in 0..1; divide values for "
                "0..255 by 255"
            )


@dataclass(frozen=True)
class Inference:
    """How a network processes an image that is larger than the training crops.

    Attributes:
        mode: "whole": the image at once. "slide": window by window, the logits averaged.
        crop: Side of the square window, in pixels.
        stride: Step of the window, in pixels.

    Raises:
        CardError: There are windows without the mode "slide", or they leave gaps.
    """

    mode: InferenceMode
    crop: Side | None = None
    stride: Side | None = None

    def __post_init__(self) -> None:
        crop, stride = self.crop, self.stride
        if self.mode == "whole" and (crop, stride) != (None, None):
            raise CardError("mode 'whole' takes neither crop nor stride")
        if self.mode == "slide" and not (crop and stride and 1 <= stride <= crop):
            raise CardError("mode 'slide' needs a positive crop, and a stride of at most that")


@dataclass(frozen=True)
class Resize:
    """The size to which an image is scaled for a network; the logits are scaled back.

    Attributes:
        short: Largest length of the shorter side, in pixels. The image keeps its ratio.
        long: Largest length of the longer side, in pixels.
        multiple: Both sides are then rounded up to a multiple of this.
    """

    short: Side
    long: Side
    multiple: Side = 1

    def scale(self, height: int, width: int) -> float:
        """The factor that makes an image of this size fit, before rounding."""
        return min(self.long / max(height, width), self.short / min(height, width))

    def fitted(self, height: int, width: int) -> tuple[int, int]:
        """Height and width of an image after scaling, before `multiple`."""
        scale = self.scale(height, width)
        return int(height * scale + 0.5), int(width * scale + 0.5)

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Height and width that an image is scaled to, as OpenMMLab computes them.

        >>> Resize(768, 1536).size(1024, 2048), Resize(512, 2048, 32).size(500, 333)
        ((768, 1536), (800, 512))
        """
        high, wide = self.fitted(height, width)
        return _raised(high, self.multiple), _raised(wide, self.multiple)


def _raised(side: int, multiple: int) -> int:
    return -(-side // multiple) * multiple
