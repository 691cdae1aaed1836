"""The TOML file next to a program, such as a graph in ONNX; it describes inputs and outputs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from robustbench_seg.codec import parse_toml, read_toml
from robustbench_seg.errors import CardError, ModelError
from robustbench_seg.records.values.preprocessing import Inference, Preprocessing
from robustbench_seg.records.values.ranges import MAX_CLASSES, AboveZero, Side

Layout = Literal["NCHW", "NHWC"]
"""Position of the channels of an image or of logits: before height and width, or after."""

BYTES = Preprocessing((0.0, 0.0, 0.0), (1 / 255, 1 / 255, 1 / 255))
"""The preprocessing for a program that takes uint8: levels of 0 to 255."""

NORMALISATION = """\
mean = [0.485, 0.456, 0.406]       # of RGB in 0..1: the program is given (rgb - mean) / std
std = [0.229, 0.224, 0.225]
"""

TEMPLATE = """\
{said}name = "{name}"                    # in every table
dataset = "cityscapes"             # its classes; for your own dataset classes = ["road", ...]
{given}# input_size = [512, 1024]         # height and width, if it takes no other
# channels = "BGR"                 # if it takes blue first; the mean stays that of RGB
# layout = "NHWC"                  # if it takes 1xHxWx3 and does not declare it
# output = "logits"                # which of several outputs: its name, or 0, 1, ... of a tuple
# output_layout = "NHWC"           # if it gives 1xhxwxK and does not declare it
# answer = "labels"                # if it gives class indices as floats, or does not declare them
# threshold = 0.5                  # if it gives one channel, the probability of the second class"""


@dataclass(frozen=True)
class Sidecar:
    """The description of the program X.onnx, X.pt2, X.pt or X.tflite in X.toml.

    Attributes:
        name: The model's name in every table.
        mean: Mean of RGB in 0..1. The program takes float (rgb - mean) / std, 1x3xHxW. For a
            program that takes levels of 0 to 255 as floats, mean is 0 and std is 0.00392157
            (1/255). For a program that takes uint8, give neither mean nor std, unless the program
            declares these integers to be quantised floats.
        std: Standard deviation of RGB in 0..1.
        dataset: Name of the dataset whose classes the program predicts. Exactly one of dataset and
            classes is set.
        classes: Names of the classes, in the order of the program's output.
        input_size: Height and width, if the program takes no other size. The image is resized to
            it, and its logits are resized back, both bilinearly.
        channels: The order of the image's channels.
        layout: The layout of the image. None: as the program declares it, else NCHW.
        output: Which of several outputs is the answer: its name, or its number in a tuple, from 0.
            None: the only possible one.
        output_layout: The layout of the answer. None: as the program declares it, else NCHW.
        answer: "labels": class indices. None: class indices if the program declares integers,
            else logits or, with a threshold, a probability.
        inference: How the program processes a large image. Windows have the size input_size if it
            is set.
        align_corners: How the logits are upsampled.
        threshold: For a program that returns one channel, the probability of the second of two
            classes. A pixel above the threshold belongs to the second class.

    Raises:
        CardError: Both or neither of dataset and classes are given, there are too many classes,
            only one of mean and std is given or they are for values in 0..255, a threshold is given
            for labels, or the size of the windows is not input_size.
    """

    name: str
    mean: tuple[float, float, float] | None = None
    std: tuple[AboveZero, AboveZero, AboveZero] | None = None
    dataset: str | None = None
    classes: tuple[str, ...] | None = None
    input_size: tuple[Side, Side] | None = None
    channels: Literal["RGB", "BGR"] = "RGB"
    layout: Layout | None = None
    output: str | None = None
    output_layout: Layout | None = None
    answer: Literal["labels"] | None = None
    inference: Inference = field(default_factory=lambda: Inference("whole"))
    align_corners: bool = False
    threshold: float | None = None

    def __post_init__(self) -> None:
        if (self.dataset is None) == (self.classes is None):
            raise CardError("give either dataset or classes")
        if self.classes is not None and not 1 <= len(self.classes) <= MAX_CLASSES:
            raise CardError(f"classes: expected 1 to {MAX_CLASSES} names")
        if (self.mean is None) != (self.std is None):
            raise CardError("give both mean and std, or neither")
        if self.mean is not None and self.std is not None:
            Preprocessing(self.mean, self.std).check_unit_range()
        if self.threshold is not None and self.answer:
            raise CardError(
                "threshold: class indices need no threshold; leave out threshold or answer"
            )
        crop, size = self.inference.crop, self.input_size
        if crop and size not in (None, (crop, crop)):
            raise CardError(
                f"inference: windows of {crop}x{crop} do not fit an input_size of "
                f"{size[0]}x{size[1]}; make the two equal"
            )

    def preprocessing(self, *, takes_bytes: bool, sidecar_name: str) -> Preprocessing:
        """Return the preprocessing of images for the program.

        Args:
            takes_bytes: Whether it takes uint8.
            sidecar_name: Name of the sidecar, for errors.

        Raises:
            CardError: Mean and std are missing, or they are given for a program that takes uint8.
        """
        if takes_bytes:
            if self.mean is not None:
                raise CardError(f"{sidecar_name}: the program takes uint8; leave out mean and std")
            return BYTES
        if self.mean is None or self.std is None:
            raise CardError(
                f"{sidecar_name}: the program takes floats; give mean and std of RGB in 0..1"
            )
        return Preprocessing(self.mean, self.std)

    def deviations(self) -> Mapping[str, str | float]:
        """Return the settings that decide labels and differ from the defaults, for the record."""
        values = {
            "threshold": self.threshold,
            "channels": None if self.channels == "RGB" else self.channels,
            "layout": self.layout,
            "output": self.output,
            "output_layout": self.output_layout,
            "answer": self.answer,
        }
        return {key: value for key, value in values.items() if value is not None}


def read_sidecar(program: Path, example: Callable[[], str]) -> Sidecar:
    """Read the sidecar X.toml of a program X.onnx, X.pt2, X.pt or X.tflite.

    Args:
        program: Path of the program.
        example: Returns a sidecar to fill in, for the error.

    Returns:
        The sidecar.

    Raises:
        ModelError: There is no sidecar.
        CardError: The sidecar cannot be read or is wrong.
    """
    path = program.with_suffix(".toml")
    if not path.exists():
        raise ModelError(
            f"{program}: there is no {path.name} next to it, which describes its inputs and "
            "outputs; create one from this template:",
            example=example(),
        )
    return read_toml(Sidecar, path, "sidecar")


def sidecar_to_fill_in(
    name: str, said: str = "", *, takes_bytes: bool = False, outputs: tuple[str, ...] = ()
) -> str:
    """Write a sidecar that a user fills in.

    Args:
        name: The model's name.
        said: The program's declarations, in one line.
        takes_bytes: Whether it takes uint8.
        outputs: Names of the outputs that the user has to choose from.

    Returns:
        TOML.
    """
    text = TEMPLATE.format(
        said=f"# {said}\n" if said else "", name=name, given="" if takes_bytes else NORMALISATION
    )
    if len(outputs) > 1:
        choice = f'output = "{outputs[0]}"'
        others = ", ".join(outputs[1:])
        old = next(line for line in text.splitlines() if line.startswith("# output ="))
        text = text.replace(old, f"{choice:34} # or {others}")
    return text


def parse_sidecar(text: str, path: str) -> Sidecar:
    """Parse the text of a sidecar.

    Args:
        text: Text of the TOML file.
        path: The file's name in errors.

    Returns:
        The sidecar.

    Raises:
        CardError: The text is wrong.
    """
    return parse_toml(Sidecar, text, path)
