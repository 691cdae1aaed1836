"""The temperature that a run's logits were divided by for its second confidence."""

from dataclasses import dataclass

from robustbench_seg.records.values.ranges import Temperature


@dataclass(frozen=True)
class TemperatureRecord:
    """What logits were divided by before the softmax.

    Attributes:
        values: One temperature for all images; or two, for the first and the second half of them.
        fitted_on: The split that they were fitted on; None: the temperature was given.
        images: For each value the images that it was fitted on, clean; none of a given one.
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
            index: Its place among the images of the run.
            count: How many images the run has.
        """
        return self.values[-1] if index >= first_half(count) else self.values[0]

    @property
    def origin(self) -> str:
        """Where it comes from: the value that was given, or the split that it was fitted on."""
        return f"fitted on {self.fitted_on}" if self.fitted_on else f"{self.values[0]:g}"


def first_half(count: int) -> int:
    """Return how many of `count` images are the first half."""
    return (count + 1) // 2
