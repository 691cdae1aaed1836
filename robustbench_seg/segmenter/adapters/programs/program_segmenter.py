"""The segmenter of an exported program and its sidecar."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from robustbench_seg.datasets import class_names
from robustbench_seg.errors import CardError, ModelError, OptionError
from robustbench_seg.records.runs.segmenter_record import ModelFacts, SegmenterRecord
from robustbench_seg.records.values.preprocessing import Inference
from robustbench_seg.segmenter.adapters.programs.program import Program
from robustbench_seg.segmenter.adapters.programs.sidecar import Sidecar
from robustbench_seg.segmenter.assembly import assemble
from robustbench_seg.segmenter.class_names import class_spelling
from robustbench_seg.segmenter.options import SegmenterOptions
from robustbench_seg.segmenter.segmenter import Segmenter


def check_runnable(where: str, path: Path, options: SegmenterOptions) -> None:
    """Check that a program exists, and refuse options that no program supports.

    Args:
        where: The model's name in errors.
        path: Path of the program.
        options: How it runs.

    Raises:
        ModelError: There is no such file.
        OptionError: The options set a precision.
    """
    if not path.is_file():
        raise ModelError(f"{where}: there is no such file")
    if options.precision != "float32":
        raise OptionError(
            f"{where}: the precision of a graph is fixed; leave out precision, or export the "
            "graph in half precision"
        )


def classes_of_program(sidecar: Sidecar, beside: str) -> tuple[str, ...]:
    """Name the classes of a program.

    Args:
        sidecar: Its description.
        beside: Name of the sidecar, for errors.

    Raises:
        CardError: There is a threshold, but the number of classes is not two.
    """
    classes = sidecar.classes or class_names(str(sidecar.dataset))
    if sidecar.threshold is not None and len(classes) != 2:
        raise CardError(
            f"{beside}: a threshold separates two classes, but {len(classes)} are named; name two "
            "or leave out threshold"
        )
    return classes


def refuse_other_names(
    names: Sequence[str], place: str, classes: Sequence[str], where: str, beside: str
) -> None:
    """Refuse a program that names other classes, or another order, than its sidecar.

    Args:
        names: The names in the program.
        place: The source of these names, for errors, in the plural.
        classes: The names in the sidecar.
        where: The program's name in errors.
        beside: Name of the sidecar, for errors.

    Raises:
        ModelError: The names differ.
    """
    if class_spelling(names, classes) != tuple(classes):
        raise ModelError(
            f"{where}: {place} name its classes {', '.join(names)}, but {beside} names "
            f"{', '.join(classes)}; give the names of the program as classes in {beside}, in the "
            "same order"
        )


def segmenter_of_program(
    network: Program,
    sidecar: Sidecar,
    classes: tuple[str, ...],
    options: SegmenterOptions,
    *,
    path: Path,
    weights: str,
    kind: str,
    law: int,
    runtime: str,
    libraries: Mapping[str, str],
) -> Segmenter:
    """Build the segmenter of a program.

    Args:
        network: The program.
        sidecar: Its description.
        classes: Names of its classes, from `classes_of_program`.
        options: How it runs.
        path: Path of the program.
        weights: sha256 of its files.
        kind: The prefix of the model before the colon, such as "onnx".
        law: Version of the input preparation for programs of this kind.
        runtime: The library that runs it; see SegmenterRecord.
        libraries: Maps the name of each library that runs it to its version.

    Returns:
        The segmenter, named as in the sidecar.

    Raises:
        ModelError: The program declares another number of classes.
        OptionError: The size of the windows is not that of the program.
        CardError: The sidecar is wrong.
    """
    beside = path.with_suffix(".toml").name
    _check_windows(network, options.inference_of(sidecar.inference))
    _check_channels(network, sidecar, classes, beside)
    return assemble(
        network,
        options,
        name=sidecar.name,
        classes=class_spelling(classes, options.classes),
        record=SegmenterRecord(
            architecture=kind,
            weights=weights,
            variant=sidecar.deviations(),
            preprocessing=sidecar.preprocessing(takes_bytes=network.takes_bytes, beside=beside),
            inference=sidecar.inference,
            input_size=network.size,
            align_corners=sidecar.align_corners,
            runtime=runtime,
            laws={kind: law},
        ),
        about=ModelFacts(
            location=network.where,
            params=network.params,
            weights_file=path.name,
            libraries=libraries,
            no_confidence=_why_no_confidence(network, sidecar),
        ),
    )


def _why_no_confidence(network: Program, sidecar: Sidecar) -> str | None:
    if network.gives_labels:
        return "its graph returns labels"
    return None if sidecar.threshold is None else "its graph returns one probability, not logits"


def _check_windows(network: Program, inference: Inference) -> None:
    """Refuse windows whose size is not the fixed one of a program."""
    crop = inference.crop
    if crop and network.size not in (None, (crop, crop)):
        raise OptionError(
            f"{network.where}: takes only images of {network.size[0]}x{network.size[1]}, not "
            f"windows of {crop}x{crop}; leave out inference slide"
        )


def _check_channels(
    network: Program, sidecar: Sidecar, classes: Sequence[str], beside: str
) -> None:
    """Refuse a program that declares another number of classes than its sidecar names."""
    one = network.channels == 1 and (network.gives_labels or sidecar.threshold is not None)
    if one or network.channels in (None, len(classes)):
        return
    hint = ""
    if network.channels == 1 and len(classes) == 2:
        hint = "; if it is the probability of the second class, give threshold there"
    raise ModelError(
        f"{network.where}: the graph returns {network.channels} classes, but {len(classes)} are "
        f"named in {beside}: {', '.join(classes)}{hint}"
    )
