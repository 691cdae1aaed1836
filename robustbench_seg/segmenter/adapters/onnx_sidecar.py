"""The TOML file beside a graph in ONNX, which says what goes in and comes out."""

from dataclasses import dataclass, field
from pathlib import Path

from robustbench_seg.codec import parse, read
from robustbench_seg.errors import CardError, ModelError
from robustbench_seg.records.cards.model_card import Inference
from robustbench_seg.records.values.choices import MAX_CLASSES
from robustbench_seg.records.values.ranges import AboveZero, Side

TEMPLATE = """\
name = "{name}"                    # in every table
dataset = "cityscapes"             # whose classes it predicts; or classes = ["road", ...]
mean = [0.485, 0.456, 0.406]       # of RGB in 0..1: the graph is given (rgb - mean) / std
std = [0.229, 0.224, 0.225]
# input_size = [512, 1024]         # height and width, if the graph takes no other
# threshold = 0.5                  # if it gives one channel, the probability of the second class"""


@dataclass(frozen=True)
class Sidecar:
    """The description of the graph X.onnx in X.toml.

    Attributes:
        name: The model's name in every table.
        mean: Mean of RGB in 0..1. The graph takes float (rgb - mean) / std, 1x3xHxW.
        std: Standard deviation of RGB in 0..1.
        dataset: Name of the dataset whose classes the graph predicts. Exactly one of dataset and
            classes is set.
        classes: Names of the classes, in the order of the graph's output.
        input_size: Height and width, if the graph takes no other size. The image is resized to
            it, and its logits are resized back, both bilinearly.
        inference: How a large image goes through the graph. Windows have the size input_size, if
            there is one.
        align_corners: How the logits are upsampled.
        threshold: For a graph that answers one channel, the probability of the second of two
            classes: a pixel above it is of the second class.

    Raises:
        CardError: There are both or neither of dataset and classes, too many classes, or windows
            of another size than input_size.
    """

    name: str
    mean: tuple[float, float, float]
    std: tuple[AboveZero, AboveZero, AboveZero]
    dataset: str | None = None
    classes: tuple[str, ...] | None = None
    input_size: tuple[Side, Side] | None = None
    inference: Inference = field(default_factory=lambda: Inference("whole"))
    align_corners: bool = False
    threshold: float | None = None

    def __post_init__(self) -> None:
        if (self.dataset is None) == (self.classes is None):
            raise CardError("give either dataset or classes")
        if self.classes is not None and not 1 <= len(self.classes) <= MAX_CLASSES:
            raise CardError(f"classes: 1 to {MAX_CLASSES} names are wanted")
        crop, size = self.inference.crop, self.input_size
        if crop and size not in (None, (crop, crop)):
            raise CardError(
                f"inference: windows of {crop}x{crop} do not go into an input_size of "
                f"{size[0]}x{size[1]}"
            )


def read_sidecar(graph: Path) -> Sidecar:
    """Read the sidecar X.toml of a graph X.onnx.

    Args:
        graph: Path of the graph.

    Returns:
        The sidecar.

    Raises:
        ModelError: There is no sidecar.
        CardError: The sidecar cannot be read or is wrong.
    """
    path = graph.with_suffix(".toml")
    if not path.exists():
        raise ModelError(
            f"{graph}: there is no {path.name} beside it that says what goes in and comes out; "
            "write one and fill it in:",
            example=TEMPLATE.format(name=graph.stem),
        )
    return read(Sidecar, path, "sidecar")


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
    return parse(Sidecar, text, path)
