"""The inputs and outputs that a program declares, such as a graph in ONNX."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from robustbench_seg.errors import ModelError, unknown
from robustbench_seg.records.values.image_size import Size
from robustbench_seg.segmenter.adapters.programs.sidecar import Layout

MAX_BATCH = 64
"""Maximum fixed batch size of a program."""

IMAGE_DTYPES = {"float32": torch.float32, "float16": torch.float16, "uint8": torch.uint8}
"""Input types to which images can be converted, by NumPy's name."""

FLOATS = ("float16", "float32", "float64")

INTEGERS = tuple(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))


@dataclass(frozen=True)
class Value:
    """An input or output, as the program declares it.

    Attributes:
        name: Its name.
        type: NumPy's name of the type of its elements, or another text.
        shape: The length of each axis. A text or None: any length. Empty: not declared.
    """

    name: str
    type: str
    shape: tuple[int | str | None, ...]

    @property
    def rank(self) -> int | None:
        """Number of axes. None: not declared."""
        return len(self.shape) or None

    @property
    def is_integer(self) -> bool:
        """Whether its elements are integers."""
        return self.type in INTEGERS

    def length(self, axis: int) -> int | None:
        """Return the length of an axis. None: any."""
        side = self.shape[axis] if self.rank else None
        return side if isinstance(side, int) else None

    def may_have(self, axis: int, length: int) -> bool:
        """Whether an axis has this length, or any."""
        return self.length(axis) in (None, length)

    def is_nhwc(self, channels: int | None, said: Layout | None, usual: Layout) -> bool:
        """Whether the channels are the last of four axes.

        Args:
            channels: Number of channels. None: unknown.
            said: The layout in the sidecar. None: it has none.
            usual: The layout to assume if lengths of axes do not decide it.
        """
        if said is not None:
            return said == "NHWC" and self.rank in (4, None)
        if self.rank != 4:
            return False
        first, last = (channels is not None and self.length(axis) == channels for axis in (1, 3))
        return last if first != last else usual == "NHWC"

    def size(self, *, nhwc: bool) -> Size | None:
        """Return height and width. None: one of them may have any length."""
        height, width = (self.length(axis) for axis in ((1, 2) if nhwc else (2, 3)))
        return (height, width) if height is not None and width is not None else None

    def channels(self, *, nhwc: bool) -> int | None:
        """Return the number of channels of an answer; 1 if it has no axis for them. None: any."""
        if self.rank == 4:
            return self.length(3 if nhwc else 1)
        return 1 if self.rank else None

    def __str__(self) -> str:
        text = f"'{self.name}' {self.type} {'x'.join(map(_side, self.shape))}"
        return "".join(c if c.isprintable() else "?" for c in text[:120])


@dataclass(frozen=True)
class Interface:
    """The inputs and outputs of a program.

    Attributes:
        where: The program's name in errors.
        inputs: Its inputs.
        outputs: Its outputs.
        layout: The usual layout of such programs.
    """

    where: str
    inputs: Sequence[Value]
    outputs: Sequence[Value]
    layout: Layout = "NCHW"

    def __str__(self) -> str:
        given, answers = (", ".join(map(str, each)) for each in (self.inputs, self.outputs))
        return f"the graph takes {given} and returns {answers}"

    @property
    def takes_bytes(self) -> bool:
        """Whether its only input is uint8."""
        return len(self.inputs) == 1 and IMAGE_DTYPES.get(self.inputs[0].type) is torch.uint8

    @property
    def answers(self) -> tuple[str, ...]:
        """Names of the outputs that may be the answer."""
        return tuple(each.name for each in self.outputs if _may_answer(each, single=True))

    def image(self) -> Value:
        """Return the only input, checked as far as it is declared.

        Raises:
            ModelError: There is not exactly one input, or the input is not an image.
        """
        if len(self.inputs) == 1:
            (image,) = self.inputs
            known = image.type in IMAGE_DTYPES and image.rank == 4
            rgb = known and (image.may_have(1, 3) or image.may_have(3, 3))
            if rgb and image.length(0) in (None, *range(1, MAX_BATCH + 1)):
                return image
        raise self._not_supported()

    def answer(self, name: str | None, channels: int | None, *, single: bool) -> Value:
        """Return the output that is the answer.

        Args:
            name: The output that the sidecar chooses. None: the only possible one.
            channels: Number of channels of the answer. None: unknown.
            single: Whether the answer has one channel.

        Raises:
            ModelError: No output can be the answer, or several can.
        """
        outputs = self.outputs
        if name is not None:
            outputs = [each for each in outputs if each.name == name]
            if not outputs:
                known = [each.name for each in self.outputs]
                raise ModelError(f"{self.where}: {unknown('output', name, known)}")
        possible = [each for each in outputs if _may_answer(each, single=single)]
        if len(outputs) > 1:
            possible = [each for each in possible if _may_have_channels(each, channels)]
        if not possible:
            raise self._not_supported()
        if len(possible) > 1:
            raise ModelError(
                f"{self.where}: {len(possible)} of its outputs may be the answer: "
                f"{', '.join(map(str, possible))}; choose one in its TOML file, such as "
                f'output = "{possible[0].name}"'
            )
        return possible[0]

    def _not_supported(self) -> ModelError:
        given = ", ".join(map(str, self.inputs)) or "no input"
        answers = ", ".join(map(str, self.outputs[:4])) or "no output"
        hint = ""
        if any(each.type in FLOATS and each.rank in (2, 3) for each in self.outputs):
            hint = '; if its floats are class indices, give answer = "labels" in its TOML file'
        return ModelError(
            f"{self.where}: expected one image as input (float or uint8, 1x3xHxW or 1xHxWx3), and "
            f"logits 1xKxhxw or class indices as output; it has {given} and {answers}{hint}"
        )


def _side(length: int | str | None) -> str:
    return "?" if length is None else str(length)


def _may_answer(value: Value, *, single: bool) -> bool:
    if value.is_integer:
        return value.rank in (2, 3, 4, None)
    return value.type in FLOATS and value.rank in ((2, 3, 4, None) if single else (4, None))


def _may_have_channels(value: Value, channels: int | None) -> bool:
    if value.is_integer or value.rank != 4 or channels is None:
        return True
    return value.may_have(1, channels) or value.may_have(3, channels)
