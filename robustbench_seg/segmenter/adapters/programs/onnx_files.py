"""The files of a graph in ONNX: the graph, and files next to it with its tensors."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from robustbench_seg.errors import ModelError
from robustbench_seg.files import digest_file, digest_json
from robustbench_seg.segmenter.adapters.programs.onnx_network import INSTALL
from robustbench_seg.segmenter.foreign_errors import reason
from robustbench_seg.weights import check_file


def digest_graph(path: Path) -> str:
    """Compute the sha256 of a graph, or of all its files if other files contain its weights.

    Args:
        path: Path of the graph.

    Returns:
        64 hex digits.

    Raises:
        ModelError: As for `external_files`.
    """
    files = external_files(path)
    if not files:
        return digest_file(path)
    digests = [digest_file(file) for file in (path, *(path.parent / name for name in files))]
    return digest_json(digests)


def external_files(path: Path) -> list[str]:
    """List the files besides the graph that contain its tensors.

    Args:
        path: Path of the graph.

    Returns:
        Paths relative to the graph's folder, sorted.

    Raises:
        WeightsError: One of the files is empty, a web page or a Git LFS pointer.
        ModelError: One of the files is missing, or is outside the graph's folder. Or the package
            onnx is not installed or cannot read the graph.
    """
    try:
        import onnx
    except ImportError:
        raise ModelError(f"onnx:{path}: onnx is not installed: {INSTALL}") from None
    check_file(path)
    try:
        model = onnx.load(str(path), load_external_data=False)
    except Exception as error:  # its exceptions have no common base class
        raise ModelError(
            f"onnx:{path}: not a graph that can be run ({reason(error)}); export it again"
        ) from error
    names = {
        entry.value
        for tensor in _tensors(model)
        if tensor.data_location == onnx.TensorProto.EXTERNAL
        for entry in tensor.external_data
        if entry.key == "location"
    }
    root = path.parent.resolve()
    for name in sorted(names):
        try:
            file = (root / name).resolve()
            inside = file.is_relative_to(root) and file.is_file()
        except (OSError, ValueError, RuntimeError):  # not a file name at all
            inside = False
        if not inside:
            shown = name if len(name) <= 80 and name.isprintable() else f"{name[:77]!a}..."
            raise ModelError(
                f"onnx:{path}: its tensors are in '{shown}', which is not in the same folder; put "
                "all files of the export into one folder"
            )
        check_file(file)
    return sorted(names)


def _tensors(message: Any) -> Iterator[Any]:
    """Yield every TensorProto in a message of ONNX, at any depth."""
    if type(message).__name__ == "TensorProto":
        yield message
        return
    for descriptor, value in message.ListFields():
        if descriptor.message_type is not None:
            for inner in value if isinstance(value, Iterable) else [value]:
                if hasattr(inner, "ListFields"):
                    yield from _tensors(inner)
