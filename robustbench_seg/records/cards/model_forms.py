"""The forms of models that need no card. `segmenter/adapters/` has one file for each form."""

from collections.abc import Mapping

MODEL_FORMS: Mapping[str, str] = {
    "exported": "exported:<file>",
    "hf": "hf:<hub id or folder>",
    "onnx": "onnx:<file>",
    "predictions": "predictions:<folder>",
    "python": "python:<module>:<callable>",
    "tflite": "tflite:<file>",
}
"""Maps the prefix before the colon of a model's name to the form of the name."""


def needs_no_card(model: str) -> bool:
    """Return whether a model has one of MODEL_FORMS.

    >>> needs_no_card("onnx:net.onnx"), needs_no_card("segformer-b0")
    (True, False)
    """
    prefix, colon, _ = model.partition(":")
    return bool(colon) and prefix in MODEL_FORMS


def listed_forms() -> str:
    """List the forms for help texts: "hf:<hub id or folder>, onnx:<file> or ..."."""
    *others, last = MODEL_FORMS.values()
    return f"{', '.join(others)} or {last}"
