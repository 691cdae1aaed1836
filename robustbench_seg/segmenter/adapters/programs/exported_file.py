"""Identifies, checks and reads files of torch.export (.pt2) and TorchScript."""

import io
import json
import re
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from robustbench_seg.errors import ModelError
from robustbench_seg.segmenter.adapters.programs.reading import reading
from robustbench_seg.weights import check_file

MODEL = re.compile(r"(?:[^/]+/)?(?:models/[^/]+\.json|serialized_exported_program\.json)")
"""Members that identify a file of torch.export, written by PyTorch from 2.8 on or earlier."""

SCRIPT = re.compile(r"[^/]+/code/.+\.py")
"""Member that identifies a file of TorchScript."""

OBJECTS = ("custom_obj_", "opaque_obj_")
"""Prefixes of the names of objects other than tensors in a file of torch.export."""


@dataclass(frozen=True)
class ExportedFile:
    """A program that torch runs.

    Attributes:
        run: Maps a batch of images to the program's return value.
        params: Number of its parameters.
        image: Shape of the input, with None for an axis of any length. None: not declared.
        dtype: Type of the input. None: not declared.
        answer: Shape of the only output, likewise. None: not declared.
    """

    run: Callable[[torch.Tensor], Any]
    params: int
    image: tuple[int | None, ...] | None = None
    dtype: torch.dtype | None = None
    answer: tuple[int | None, ...] | None = None


def read_exported(path: Path, device: str, where: str) -> ExportedFile:
    """Read a program.

    A file with pickles that are not tensors is refused. The program itself is still code: run only
    files that you trust.

    Args:
        path: The file.
        device: Torch device.
        where: The model's name in errors.

    Returns:
        The program, in eval mode if it is TorchScript.

    Raises:
        WeightsError: The file is empty, a web page or a Git LFS pointer.
        ModelError: The file is not such a program, is damaged, or contains objects other than
            tensors and the program.
    """
    check_file(path)
    advice = f"export it again with this version of PyTorch, {torch.__version__}"
    with reading(where, "program", advice):
        if not zipfile.is_zipfile(path):
            raise ModelError(f"{where}: neither a file of torch.export nor of TorchScript")
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if any(SCRIPT.fullmatch(name) for name in names):
                return _read_script(path, device)
            if not any(MODEL.fullmatch(name) for name in names):
                raise ModelError(
                    f"{where}: neither a file of torch.export nor of TorchScript; if it has "
                    "weights, give a card as model and the file as weights"
                )
            _check_members(archive, where)
        return _read_program(path, device)


def _check_members(archive: zipfile.ZipFile, where: str) -> None:
    """Refuse members that torch.export.load would run or call while reading."""
    names = archive.namelist()
    pickled = {name for name in names if name.endswith(".pt")}
    for name in names:
        if "data/aotinductor/" in name:
            raise ModelError(
                f"{where}: refused: it contains machine code (AOTInductor); give a file of "
                "torch.export.save"
            )
        if not name.endswith("_config.json"):
            continue
        for payload in json.loads(archive.read(name))["config"].values():
            member = str(payload["path_name"])
            if member.startswith(OBJECTS):
                raise ModelError(
                    f"{where}: refused: it contains objects that are not tensors; export the "
                    "network without them"
                )
            if payload["use_pickle"]:
                pickled.add(f"{name.rpartition('/')[0]}/{member}")
    for name in sorted(pickled):
        data = archive.read(name)
        try:
            if data:
                torch.load(io.BytesIO(data), map_location="meta", weights_only=True)
        except Exception as error:
            raise ModelError(
                f"{where}: refused: {name.rpartition('/')[2]} in it is a pickle with more than "
                "tensors, which may run code; export it again, with plain tensors"
            ) from error


def _read_script(path: Path, device: str) -> ExportedFile:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated
        script = torch.jit.load(str(path), map_location=device)  # type: ignore[no-untyped-call]
    script.eval()

    def run(images: torch.Tensor) -> Any:
        # With optimisation, the first runs give different results from later ones.
        with torch.jit.optimized_execution(False):  # type: ignore[attr-defined]
            return script(images)

    return ExportedFile(run, sum(each.numel() for each in script.parameters()))


def _read_program(path: Path, device: str) -> ExportedFile:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.export.load(path)
        if device != "cpu":
            from torch.export.passes import move_to_device_pass

            program = move_to_device_pass(program, device)
        module = program.module()
    inputs = program.graph_signature.user_inputs
    if len(inputs) != 1:
        raise ModelError(f"exported:{path}: takes {len(inputs)} inputs; expected one image")
    node = next(each for each in program.graph.nodes if each.name == inputs[0])
    value = node.meta["val"]
    (output,) = [each for each in program.graph.nodes if each.op == "output"]
    answers = [each.meta["val"] for each in output.args[0] if hasattr(each, "meta")]
    only = answers[0] if len(answers) == 1 else None
    return ExportedFile(
        module,
        sum(each.numel() for each in program.parameters()),
        _declared(value),
        value.dtype,
        None if only is None else _declared(only),
    )


def _declared(value: torch.Tensor) -> tuple[int | None, ...]:
    return tuple(side if isinstance(side, int) else None for side in value.shape)
