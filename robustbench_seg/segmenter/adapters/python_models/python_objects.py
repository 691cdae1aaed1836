"""Models that are Python objects: a segmenter, a torch module or a callable."""

from collections.abc import Sequence
from typing import cast

from torch import nn

from robustbench_seg.errors import ModelError
from robustbench_seg.records.runs.segmenter_record import SegmenterRecord
from robustbench_seg.records.values.preprocessing import Preprocessing
from robustbench_seg.segmenter.adapters.python_models.python_segmenter import from_callable
from robustbench_seg.segmenter.adapters.python_models.torch_module import from_module
from robustbench_seg.segmenter.segmenter import Segmenter
from robustbench_seg.segmenter.segmenter_options import SegmenterOptions


def segmenter_of(
    model: object,
    options: SegmenterOptions,
    *,
    classes: Sequence[str] | None = None,
    mean: tuple[float, float, float] | None = None,
    std: tuple[float, float, float] | None = None,
    version: str | None = None,
) -> Segmenter:
    """Build the segmenter of an object: a segmenter, a torch module or a callable.

    Args:
        model: The object.
        options: How the object runs.
        classes: Names of its classes, in the order of their indices.
        mean: Mean of RGB in 0..1 that normalises the images of a torch module.
        std: Standard deviation of RGB in 0..1, for the same purpose.
        version: For a callable, any text that changes whenever its results change.

    Returns:
        The segmenter.

    Raises:
        ModelError: An argument that such an object needs is missing or wrong (mean and std are
            three numbers of 0..1), or an argument does not apply because the object is already a
            segmenter.
    """
    if isinstance(getattr(model, "record", None), SegmenterRecord):
        late = options.given_beyond("batch")
        arguments = {"mean": mean, "std": std, "version": version}
        if late := late + [name for name, value in arguments.items() if value is not None]:
            raise ModelError(
                f"{getattr(model, 'name', 'the segmenter')} is already loaded; give "
                f"{' and '.join(late)} to load_segmenter"
            )
        return cast(Segmenter, model)
    if isinstance(model, nn.Module):
        return from_module(model, options, classes, _preprocessing(mean, std))
    if not callable(model):
        raise ModelError(
            f"expected a model, got {type(model).__name__}; give its name, a torch module or a "
            "callable"
        )
    return from_callable(model, options, classes, version)


def _preprocessing(mean: object, std: object) -> Preprocessing | None:
    """Return the normalisation of RGB in 0..1. None: mean or std is missing."""
    if mean is None or std is None:
        return None
    return Preprocessing(_three("mean", mean, least=0.0), _three("std", std, least=1e-6))


def _three(name: str, values: object, least: float) -> tuple[float, float, float]:
    """Return three numbers of `least` to 1 from a sequence, array or tensor."""
    try:
        red, green, blue = (float(value) for value in values)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        raise ModelError(
            f"{name} is {values!r:.100}; give three numbers, for red, green and blue"
        ) from None
    for value in (red, green, blue):
        if not least <= value <= 1:
            raise ModelError(
                f"{name} contains {value:g}, which is not for RGB in 0..1; divide values for "
                "0..255 by 255"
            )
    return red, green, blue
