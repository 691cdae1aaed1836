"""The values that options of several commands and fields of several records can have.

`choices(Stream)` lists them for checks and for the command line.
"""

from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from robustbench_seg.errors import OptionError, unknown

Stream = Literal["fast", "reference"]
InferenceMode = Literal["whole", "slide"]
Precision = Literal["float32", "bf16", "fp16"]
InferencePrecision = Literal["float32", "bf16", "fp16", "int8"]
"""Number format of a forward pass without gradients; a quantised network computes in int8."""

Backend = Literal["auto", "torch", "onnxruntime", "openvino"]
BACKENDS: tuple[Backend, ...] = ("torch", "onnxruntime", "openvino")
"""The libraries that run the network of a card; "auto" chooses one of them."""

Executor = Literal["local", "ray"]
PredictionFormat = Literal["indices", "cityscapes", "acdc", "muses", "bravo"]
CONFIDENCE_FORMATS: tuple[PredictionFormat, ...] = ("indices", "bravo")
"""The formats that have files of confidence."""

Augmentation = Literal["augmix", "style"]
AdaptationMethod = Literal["bn"]

Resample = Literal["models", "families"]
"""What the bootstrap of a correlation over models draws."""


def choices(kind: Any) -> tuple[str, ...]:
    """The values of one of the types above, in their order.

    >>> choices(Stream)
    ('fast', 'reference')
    """
    return get_args(kind)


def check_choice(what: str, value: str, kind: Any) -> None:
    """Raise OptionError unless `value` is one of `kind`.

    Args:
        what: The name of the option, for the message.
        value: The value to check.
        kind: One of the types above.
    """
    if not isinstance(value, str) or value not in choices(kind):
        raise OptionError(unknown(what, value, choices(kind)))


def check_choices(record: object) -> None:
    """Check the fields of a dataclass whose types are choices, or choices and None.

    Raises:
        OptionError: A value does not exist.
    """
    for name, hint in get_type_hints(type(record)).items():
        kinds = {hint} if get_origin(hint) is Literal else {*get_args(hint)}
        none = kinds & {NoneType}
        if len(kinds - none) == 1 and get_origin(kind := (kinds - none).pop()) is Literal:
            value = getattr(record, name)
            if not (value is None and none):
                check_choice(name, value, kind)
