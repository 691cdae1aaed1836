"""python:MODULE:CALLABLE: a segmenter in the user's own code."""

import importlib
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.errors import ModelError
from robustbench_seg.segmenter.assembly import Options, known_as
from robustbench_seg.segmenter.segmenter import Segmenter


def load_python(location: str, options: Options) -> Segmenter:
    """Call CALLABLE() of MODULE and use what it returns as a segmenter.

    That is anything which maps uint8 HxWx3 RGB to HxW class indices when called, and has the
    attributes `name`, `classes` and either `version` (any text that changes with its answers)
    or `facts` (a JSON-able dict of all that changes them). A function that bears them is itself
    the segmenter. MODULE is looked for in the working folder first.

    Raises ModelError if there is no such thing, or it lacks an attribute.
    """
    where = f"python:{location}"
    if options.inference or options.device != "cpu" or options.precision != "float32":
        raise ModelError(
            f"{where}: such a model decides itself how it runs; leave out --inference, --device "
            "and --precision"
        )
    module_name, _, callable_name = location.partition(":")
    if not module_name or not callable_name:
        raise ModelError(f"{where}: write python:<module>:<callable>")
    if (folder := os.getcwd()) not in sys.path:
        sys.path.insert(0, folder)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise ModelError(
            f"{where}: no module named '{error.name}' in {folder} or among the installed ones"
        ) from None
    make = getattr(module, callable_name, None)
    if not callable(make):
        raise ModelError(f"{where}: {module.__file__} has no callable '{callable_name}'")
    itself = not isinstance(make, type) and hasattr(make, "name") and hasattr(make, "classes")
    return PythonSegmenter(make if itself else make(), where, options)


class PythonSegmenter:
    """A user's segmenter with its attributes checked, and its answers."""

    def __init__(self, given: Any, where: str, options: Options) -> None:
        if not callable(given):
            raise ModelError(f"{where}: returns a {type(given).__name__}, which maps no image")
        for wanted in ("name", "classes"):
            if not getattr(given, wanted, None):
                raise ModelError(f"{where}: what it returns has no attribute '{wanted}'")
        facts, version = getattr(given, "facts", None), getattr(given, "version", None)
        if not facts and not version:
            raise ModelError(
                f"{where}: what it returns has neither 'version' nor 'facts'; give it one that "
                "changes whenever its answers do, for runs are told apart by it"
            )
        self._given: Callable[[NDArray[np.uint8]], Any] = given
        self._where = where
        self.name: str = options.name or str(given.name)
        self.classes = known_as(tuple(map(str, given.classes)), options.classes)
        self.facts: Mapping[str, Any] = {**(facts or {"version": version}), "architecture": where}
        self.about: Mapping[str, Any] = {**(getattr(given, "about", None) or {}), "model": where}

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """uint8 HxWx3 RGB -> uint8 HxW class indices; ModelError if the answer is none."""
        labels = np.asarray(self._given(image))
        if labels.shape != image.shape[:2] or not np.issubdtype(labels.dtype, np.integer):
            raise ModelError(
                f"{self._where}: answers {labels.dtype} of {_shape(labels)} to an image of "
                f"{_shape(image)}; integer class indices of its height and width are wanted"
            )
        if labels.size and not 0 <= labels.min() <= labels.max() < len(self.classes):
            raise ModelError(
                f"{self._where}: answers class indices {labels.min()} to {labels.max()}; it names "
                f"{len(self.classes)} classes"
            )
        return labels.astype(np.uint8)


def _shape(array: NDArray[Any]) -> str:
    return "x".join(map(str, array.shape)) or "one value"
