"""The temperature that divided the logits of a run for its second confidence."""

from dataclasses import dataclass

from robustbench_seg.records.values.ranges import Temperature


@dataclass(frozen=True)
class TemperatureRecord:
    """The divisor of the logits before the softmax.

    Attributes:
        values: One temperature for all images; or two, for the first and the second half of them.
        fitted_on: The split on which they were fitted; None: the temperature was given.
        images: For each value, the clean images on which it was fitted; empty for a given
            temperature.
    """

    values: tuple[Temperature, ...]
    fitted_on: str | None = None
    images: tuple[tuple[str, ...], ...] = ()

    def __post_init__(self) -> None:
        if len(self.values) not in (1, 2):
            raise ValueError(f"{len(self.values)} temperatures; expected one or two")

    def of(self, index: int, count: int) -> float:
        """Return the temperature of an image.

        Args:
            index: Its index among the images of the run.
            count: Number of images of the run.
        """
        return self.values[-1] if index >= first_half(count) else self.values[0]

    @property
    def origin(self) -> str:
        """Its origin: the given value, or the split on which it was fitted."""
        return f"fitted on {self.fitted_on}" if self.fitted_on else f"{self.values[0]:g}"


def first_half(count: int) -> int:
    """Return the number of images in the first half of `count` images."""
    return (count + 1) // 2
