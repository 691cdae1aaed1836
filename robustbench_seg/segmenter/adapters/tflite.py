"""tflite:FILE runs a TensorFlow Lite model with LiteRT; a TOML file next to it describes it."""

from pathlib import Path

from robustbench_seg.errors import ModelError
from robustbench_seg.files import digest_file
from robustbench_seg.segmenter.adapters.programs.program_segmenter import (
    check_runnable,
    classes_of_program,
    refuse_other_names,
    segmenter_of_program,
)
from robustbench_seg.segmenter.adapters.programs.sidecar import read_sidecar, sidecar_to_fill_in
from robustbench_seg.segmenter.adapters.programs.tflite_network import (
    TfliteNetwork,
    label_files,
    read_interface,
)
from robustbench_seg.segmenter.options import SegmenterOptions
from robustbench_seg.segmenter.segmenter import Segmenter
from robustbench_seg.text import escaped

TFLITE_LAW = 1
"""Increment when the input preparation for models of TensorFlow Lite changes."""


def load(location: str, options: SegmenterOptions) -> Segmenter:
    """Build a segmenter of a TensorFlow Lite model.

    The model has the inputs and outputs of a graph in ONNX (see onnx.py), and its integers may be
    quantised floats.

    Args:
        location: Path of the model.
        options: How it runs.

    Returns:
        The segmenter, named as in the sidecar.

    Raises:
        ModelError: The model or its sidecar is missing, or it cannot run with these options.
        CardError: The sidecar is wrong.
        WeightsError: The file is empty, a web page or a Git LFS pointer.
    """
    where, path = f"tflite:{location}", Path(location)
    check_runnable(where, path, options)
    if options.device != "cpu":
        raise ModelError(f"{where}: LiteRT runs only on the CPU; leave out device")
    sidecar = read_sidecar(path, lambda: _example(path, where))
    beside = path.with_suffix(".toml").name
    classes = classes_of_program(sidecar, beside)
    network = TfliteNetwork(path, sidecar, where=where, classes=len(classes))
    for name, names in label_files(path).items():
        refuse_other_names(names, f"the lines of {escaped(name)} in it", classes, where, beside)
    return segmenter_of_program(
        network,
        sidecar,
        classes,
        options,
        path=path,
        weights=digest_file(path),
        kind="tflite",
        law=TFLITE_LAW,
        runtime="litert",
        libraries={"ai-edge-litert": network.version},
    )


def _example(path: Path, where: str) -> str:
    """Return a sidecar to fill in, with the model's declarations if it can be read."""
    try:
        interface = read_interface(path, where)
    except ModelError:
        return sidecar_to_fill_in(path.stem)
    return sidecar_to_fill_in(
        path.stem,
        str(interface),
        takes_bytes=interface.takes_bytes,
        outputs=interface.answers,
    )
