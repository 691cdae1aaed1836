"""python:MODULE:CALLABLE runs the object that a function of a user's Python module returns."""

import importlib
import os
import sys

from robustbench_seg.errors import ModelError, RobustsegError
from robustbench_seg.records.runs.segmenter_record import SegmenterRecord
from robustbench_seg.segmenter.adapters.python_models.python_objects import segmenter_of
from robustbench_seg.segmenter.adapters.python_models.python_segmenter import (
    CALLABLE_OPTIONS,
    PythonSegmenter,
)
from robustbench_seg.segmenter.foreign_errors import error_text
from robustbench_seg.segmenter.segmenter import Segmenter
from robustbench_seg.segmenter.segmenter_options import SegmenterOptions

ACCEPTS = CALLABLE_OPTIONS


def load(location: str, options: SegmenterOptions) -> Segmenter:
    """Call CALLABLE() of MODULE and use the returned object as a segmenter.

    The returned object maps uint8 HxWx3 RGB to HxW class indices when called. It has the attributes
    `name`, `classes` and either `version` (any text that changes with its results) or `facts` (a
    JSON-able dict of everything that changes them). A function with these attributes is itself the
    segmenter. The object may also be a segmenter of `load_segmenter`, such as that of a torch
    module. MODULE is searched in the working folder first.

    Args:
        location: MODULE:CALLABLE.
        options: How the model runs.

    Returns:
        The segmenter.

    Raises:
        ModelError: There is no such module or callable, or its object lacks an attribute.
    """
    where = f"python:{location}"
    module_name, _, callable_name = location.partition(":")
    if not module_name or not callable_name:
        raise ModelError(f"{where}: write python:<module>:<callable>")
    if (folder := os.getcwd()) not in sys.path:
        sys.path.insert(0, folder)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise ModelError(
            f"{where}: there is no module '{error.name}' in {folder} or among the installed ones"
        ) from error
    except (Exception, SystemExit) as error:
        raise ModelError(f"{where}: importing {module_name} fails: {error_text(error)}") from error
    make = getattr(module, callable_name, None)
    if not callable(make):
        file = getattr(module, "__file__", None) or module_name
        raise ModelError(f"{where}: {file} has no callable '{callable_name}'")
    itself = not isinstance(make, type) and hasattr(make, "name") and hasattr(make, "classes")
    try:
        given = make if itself else make()
    except RobustsegError:
        raise
    except (Exception, SystemExit) as error:
        raise ModelError(f"{where}: {callable_name}() fails: {error_text(error)}") from error
    if isinstance(getattr(given, "record", None), SegmenterRecord):
        return segmenter_of(given, options)
    return PythonSegmenter(given, where, options)
