"""The values that options of several commands and fields of several records can have.

`choices(Stream)` lists them for checks and for the command line.
"""

from typing import Any, Literal, get_args

from robustbench_seg.errors import OptionError, unknown

Stream = Literal["fast", "reference"]
InferenceMode = Literal["whole", "slide"]
Precision = Literal["float32", "bf16", "fp16"]
Backend = Literal["auto", "torch", "onnxruntime", "openvino"]
Executor = Literal["local", "ray"]
PredictionFormat = Literal["indices", "cityscapes", "acdc", "muses", "bravo"]
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
