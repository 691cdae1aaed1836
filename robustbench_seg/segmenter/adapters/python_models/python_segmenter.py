"""A user's callable as a segmenter: its attributes and results are checked."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from robustbench_seg.codec import from_table
from robustbench_seg.errors import CardError, ModelError, RobustsegError
from robustbench_seg.measures import Confidence
from robustbench_seg.records.runs.segmenter_record import ModelFacts, SegmenterRecord
from robustbench_seg.segmenter.class_names import class_spelling, listed_names
from robustbench_seg.segmenter.float_image import AnyImage, FloatImage
from robustbench_seg.segmenter.foreign_errors import error_text, reason
from robustbench_seg.segmenter.image_check import checked_image, checked_tensor
from robustbench_seg.segmenter.inference.window_gradient import Loss
from robustbench_seg.segmenter.labelling.confidence import Labelled
from robustbench_seg.segmenter.segmenter import Segmenter
from robustbench_seg.segmenter.segmenter_options import SegmenterOptions

PYTHON_LAW = 1
"""Increment when the input preparation for users' models changes."""


CALLABLE_OPTIONS = ("name", "batch")
"""Its code decides how it runs. It has no batches; an evaluation gives all models a batch."""

LABELS_ONLY = "it returns only labels"


def from_callable(
    function: Callable[[NDArray[np.uint8]], Any],
    options: SegmenterOptions,
    classes: Sequence[str] | None,
    version: str | None,
) -> Segmenter:
    """Build a segmenter of a callable.

    The callable's attributes replace arguments that are None.

    Args:
        function: A callable that maps uint8 HxWx3 RGB to HxW class indices.
        options: How it runs, and its name in tables.
        classes: Names of its classes, in the order of their indices.
        version: Any text that changes whenever its results change.

    Returns:
        The segmenter.

    Raises:
        ModelError: The name, the classes or the version is missing.
        OptionError: The options say how a network runs.
    """
    where = getattr(function, "__qualname__", type(function).__qualname__)
    options.accept_only(options.name or where, *CALLABLE_OPTIONS)
    own = {name: getattr(function, name, None) for name in ("name", "classes", "version", "facts")}
    required = {
        "name, its name in tables": options.name or own["name"],
        "classes, the names of its classes in the order of their indices": classes
        or own["classes"],
        "version, a text that changes whenever its results change": (
            version or own["version"] or own["facts"]
        ),
    }
    for what, value in required.items():
        if not value:
            raise ModelError(f"{where}: give {what}")
    return PythonSegmenter(function, where, options, classes, version)


class PythonSegmenter:
    """A user's segmenter whose attributes and results are checked.

    Attributes:
        name: Its name in every table.
        classes: The classes that it predicts, in the order of the label indices.
        record: Everything about it that decides a label.
        about: Facts for readers, not part of the key.
    """

    def __init__(
        self,
        given: Any,
        where: str,
        options: SegmenterOptions,
        classes: Sequence[str] | None = None,
        version: str | None = None,
    ) -> None:
        """Check the attributes of a user's segmenter.

        Args:
            given: The user's object.
            where: The object's name in errors.
            options: How it runs.
            classes: Class names instead of its attribute `classes`.
            version: Version instead of its attribute `version`.

        Raises:
            ModelError: The object is not callable or lacks an attribute.
        """
        if not callable(given):
            raise ModelError(
                f"{where}: returns {type(given).__name__}, which cannot be called with an "
                "image; return a callable"
            )
        name = options.name or getattr(given, "name", None)
        classes = classes or getattr(given, "classes", None)
        for attribute, value in (("name", name), ("classes", classes)):
            if value is None or (isinstance(value, str) and not value):
                raise ModelError(f"{where}: the object it returns has no attribute '{attribute}'")
        named = listed_names(classes, where)
        own = getattr(given, "facts", None)
        version = version or getattr(given, "version", None)
        if not own and not version:
            raise ModelError(
                f"{where}: the object it returns has neither 'version' nor 'facts'; give it one "
                "that changes whenever its results change, because it distinguishes runs"
            )
        self._given: Callable[[NDArray[Any]], Any] = given
        self._gradient = getattr(given, "loss_gradient", None)
        self._where = where
        self.name = str(name)
        self.classes = class_spelling(named, options.classes)
        self.record = SegmenterRecord(
            architecture=where,
            runtime="python",
            laws={"python": PYTHON_LAW},
            own=_own(own, version, where),
        )
        self._confident = bool(getattr(given, "confidence", False))
        reason = None if self._confident else LABELS_ONLY
        self.about = replace(_facts(getattr(given, "about", None), where), no_confidence=reason)

    @property
    def device(self) -> torch.device:
        """The torch device of its gradients."""
        return torch.device(getattr(self._given, "device", "cpu"))

    @property
    def why_no_gradient(self) -> str | None:
        """Why it has no gradient, as the end of a sentence; None if it has one."""
        return None if self._gradient else "its object has no method loss_gradient"

    def __call__(self, image: AnyImage) -> NDArray[np.uint8]:
        """Label an image.

        Args:
            image: uint8 HxWx3 RGB; or a FloatImage if the user's object has gradients.

        Returns:
            uint8 HxW class indices.

        Raises:
            ModelError: The image has another form, or the result is not HxW indices of its classes.
        """
        return self._answer(image)[0]

    def with_confidence(
        self, image: AnyImage, truth: NDArray[np.uint8], temperatures: Sequence[float]
    ) -> Labelled:
        """Label an image, with the confidence of each label.

        Args:
            image: uint8 HxWx3 RGB; or a FloatImage if the user's object has gradients.
            truth: Not needed: without logits there is neither NLL nor Brier score.
            temperatures: Only 1.

        Returns:
            The labels, and the confidence once.

        Raises:
            ModelError: As for a call; or the result is not such labels and their confidence, 0..1.
        """
        labels, confidence = self._answer(image)
        shape = np.shape(confidence)
        kind = np.asarray(confidence).dtype
        if shape != labels.shape or not np.issubdtype(kind, np.floating):
            raise ModelError(
                f"{self._where}: returns confidence {kind} of {'x'.join(map(str, shape))}; "
                "expected floats 0 to 1 of the image's height and width"
            )
        chances = np.asarray(confidence, np.float64)
        if not ((chances >= 0) & (chances <= 1)).all():
            raise ModelError(f"{self._where}: returns a confidence outside of 0 to 1")
        return labels, (Confidence((1 - chances).astype(np.float32)),)

    def loss_gradient(self, image: torch.Tensor, loss: Loss) -> tuple[torch.Tensor, torch.Tensor]:
        """Compute logits, and the gradient of their loss, with the method of the user's object.

        See DifferentiableSegmenter.

        Args:
            image: float32 3xHxW RGB in 0..1, on the segmenter's device.
            loss: Maps float32 logits KxHxW to a scalar.

        Returns:
            float32 logits KxHxW without a graph, and the gradient of the loss, float32 3xHxW.

        Raises:
            ModelError: The object has no gradient, the image has another form, or the result is not
                such tensors with finite values.
        """
        if self._gradient is None:
            raise ModelError(f"{self.name} gives no gradient: {self.why_no_gradient}")
        checked_tensor(image, self.device, self.name)
        height, width = image.shape[1:]
        try:
            with torch.inference_mode(False), torch.enable_grad():
                logits, gradient = self._gradient(image.detach().clone(), loss)
        except (torch.OutOfMemoryError, RobustsegError):
            raise
        except (Exception, SystemExit) as error:
            raise ModelError(
                f"{self._where}: its loss_gradient fails: {error_text(error)}"
            ) from error
        self._check_answer("logits", logits, (len(self.classes), height, width))
        self._check_answer("gradient", gradient, (3, height, width))
        return logits.detach().float(), gradient.detach().float()

    def _check_answer(self, what: str, value: object, shape: tuple[int, ...]) -> None:
        """Check a tensor that the user's loss_gradient returns."""
        wanted = "x".join(map(str, shape))
        given = type(value).__name__
        if isinstance(value, torch.Tensor):
            given = "x".join(map(str, value.shape)) or "one value"
        if given != wanted:
            raise ModelError(
                f"{self._where}: its loss_gradient returns {what} {given}; expected a tensor "
                f"{wanted}"
            )
        if isinstance(value, torch.Tensor) and not torch.isfinite(value).all():
            raise ModelError(
                f"{self._where}: its loss_gradient returns {what} with NaN or infinite values"
            )

    def _answer(self, image: AnyImage) -> tuple[NDArray[np.uint8], Any]:
        """Return checked labels, and the confidence that comes with them, or None."""
        checked = checked_image(image, self.name)
        if isinstance(checked, FloatImage) and self._gradient is None:
            raise ModelError(
                f"{self.name}: it takes images of 8 bits only; round the image to 8 bits"
            )
        pixels = checked.values if isinstance(checked, FloatImage) else checked
        try:
            # A copy, because other segmenters use the image, too.
            answer = self._given(pixels.copy())
            confidence = None
            if self._confident:
                answer, confidence = answer
            labels = np.asarray(answer)
        except (torch.OutOfMemoryError, RobustsegError):
            raise
        except (Exception, SystemExit) as error:
            raise ModelError(f"{self._where}: fails on an image: {error_text(error)}") from error
        if labels.shape != image.shape[:2] or not np.issubdtype(labels.dtype, np.integer):
            raise ModelError(
                f"{self._where}: returns {labels.dtype} of {_shape(labels)} for an image of "
                f"{_shape(pixels)}; expected integer class indices of its height and width"
            )
        if labels.size and not 0 <= labels.min() <= labels.max() < len(self.classes):
            raise ModelError(
                f"{self._where}: returns class indices {labels.min()} to {labels.max()}, but "
                f"names {len(self.classes)} classes"
            )
        return labels.astype(np.uint8), confidence

    def __repr__(self) -> str:
        return f"<segmenter {self.name}: {len(self.classes)} classes, {self._where}>"


def _own(facts: object, version: object, where: str) -> Mapping[str, object]:
    """Return the facts that decide the results of a user's segmenter, as read back from JSON."""
    if not isinstance(facts, Mapping | None):
        raise ModelError(f"{where}: its attribute 'facts' is not a mapping; make it a dict")
    own = {**(facts or {}), **({"version": version} if version else {})}
    try:
        plain: Mapping[str, object] = json.loads(json.dumps(own, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise ModelError(
            f"{where}: its 'facts' and 'version' are not plain data ({reason(error)}); use "
            "strings, numbers, lists and dicts"
        ) from error
    return plain


def _facts(about: object, where: str) -> ModelFacts:
    """Return the facts of a user's segmenter for readers: ModelFacts, or some of its fields."""
    if isinstance(about, ModelFacts):
        return about
    if not isinstance(about, Mapping | None):
        raise ModelError(f"{where}: its attribute 'about' is not a mapping; make it a dict")
    try:
        return from_table(ModelFacts, {"location": where, **(about or {})}, f"{where}: about")
    except CardError as error:
        raise ModelError(str(error)) from None


def _shape(array: NDArray[Any]) -> str:
    return "x".join(map(str, array.shape)) or "one value"
