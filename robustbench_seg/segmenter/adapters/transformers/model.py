"""Builds a model of transformers from a configuration and tensors."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import (
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)

from robustbench_seg.errors import ModelError
from robustbench_seg.segmenter.adapters.transformers.config import class_of
from robustbench_seg.segmenter.foreign_errors import reason
from robustbench_seg.weights import CONFIG, not_finite


def build_network(
    config: Any, tensors: Mapping[str, Tensor], where: str
) -> tuple[nn.Module, tuple[str, ...]]:
    """Build a model and load its tensors.

    The model is first built without memory, so that a configuration that does not fit the tensors
    is refused before its memory is allocated.

    Args:
        config: The configuration.
        tensors: Maps names in the weight file to tensors.
        where: The model's name in errors.

    Returns:
        The model, in float32 and eval mode, and the names of its tensors that no file has. Their
        values are NaN.

    Raises:
        ModelError: transformers cannot build the model, its tensors are not those of the files, or
            values are not finite.
    """
    values = sum(tensor.numel() for tensor in tensors.values())
    kind = class_of(config)
    try:
        with torch.device("meta"), limit_registrations(1000 + 40 * len(tensors)):
            shape = kind(config)
        state = [*shape.parameters(), *shape.buffers()]
        wanted = sum(value.numel() for value in state)
        if wanted > 2 * values + 10_000_000:
            raise ValueError(f"it describes {wanted} values, but the weight file has {values}")
        with _no_report():
            model, loading = kind.from_pretrained(
                None,
                config=config,
                state_dict=dict(tensors),
                ignore_mismatched_sizes=True,  # reported below
                output_loading_info=True,
            )
    except ModelError:
        raise
    except ImportError as error:
        found = re.search(r"requires the (\S+) library|No module named '(\w+)'", str(error))
        if not found:
            raise ModelError(f"{where}: a library is not installed ({reason(error)})") from error
        name = (found[1] or found[2]).lower()
        raise ModelError(
            f"{where}: it needs {name}, which is not installed: pip install {name}"
        ) from error
    except Exception as error:  # damaged values raise errors of any type
        raise ModelError(
            f"{where}: transformers cannot build it from its {CONFIG} ({reason(error)}); download "
            "the model again"
        ) from error
    _refuse_mismatched(sorted(str(entry[0]) for entry in loading["mismatched_keys"]), where)
    refuse_deeper(loading["unexpected_keys"], model, where)
    model.float().eval()  # also for a file in half precision
    missing = sorted(loading["missing_keys"])
    fill_with_nan(model, missing)
    if names := [name for name in not_finite(model.state_dict()) if name not in missing]:
        raise ModelError(
            f"{where}: NaN or infinite values in its weights, first in {names[0]}; download the "
            "model again"
        )
    return model, tuple(missing)


@contextmanager
def _no_report() -> Iterator[None]:
    """Silence transformers' progress bar and its table of mismatched tensors."""
    from transformers.utils import logging

    library: Any = logging
    before, bar = library.get_verbosity(), library.is_progress_bar_enabled()
    library.set_verbosity_error()
    library.disable_progress_bar()
    try:
        yield
    finally:
        library.set_verbosity(before)
        if bar:
            library.enable_progress_bar()


def _refuse_mismatched(names: Sequence[str], where: str) -> None:
    """Refuse a model if shapes of tensors differ between the file and the network."""
    if names:
        raise ModelError(
            f"{where}: {len(names)} tensors of its weight file do not have the shapes that its "
            f"{CONFIG} describes, such as {names[0]}; download the model again"
        )


def fill_with_nan(model: nn.Module, names: Collection[str]) -> None:
    """Set tensors to NaN, so that an output that depends on them is NaN.

    transformers itself gives random values to tensors that no file has.

    Args:
        model: The model.
        names: Names of the tensors. The batch counters of normalisations do not change.
    """
    state = model.state_dict()
    for name in names:
        if name in state and state[name].is_floating_point():
            state[name].fill_(float("nan"))


@contextmanager
def limit_registrations(most: int) -> Iterator[None]:
    """Stop building networks that have far too many parts.

    Args:
        most: Number of parameters and submodules that may be registered inside the context.

    Raises:
        ValueError: There are more.
    """
    count = 0

    def add(module: nn.Module, name: str, value: object) -> None:
        nonlocal count
        count += 1
        if count > most:
            raise ValueError("it describes far more layers than the weight file holds")

    hooks = [
        register_module_parameter_registration_hook(add),
        register_module_module_registration_hook(add),
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def refuse_deeper(unused: Collection[str], model: nn.Module, where: str) -> None:
    """Refuse tensors of further layers of a kind that the model has.

    Tensors of another kind, such as a head for other tasks, are ignored.

    Args:
        unused: Names of the tensors of the files that the model does not have.
        model: The model.
        where: The model's name in errors.

    Raises:
        ModelError: There is such a tensor.
    """
    patterns = {re.sub(r"\d+", "#", name) for name in model.state_dict()}
    deeper = sorted(name for name in unused if re.sub(r"\d+", "#", name) in patterns)
    if deeper:
        raise ModelError(
            f"{where}: {CONFIG} describes a smaller model than its weight file, which also has "
            f"{deeper[0]}; download the model again"
        )
