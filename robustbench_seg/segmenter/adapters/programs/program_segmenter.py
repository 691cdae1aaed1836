"""The segmenters of exported programs, which a TOML file next to each describes: its sidecar."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from robustbench_seg.datasets import class_names
from robustbench_seg.errors import CardError, DatasetError, ModelError, OptionError
from robustbench_seg.files import digest_file
from robustbench_seg.records.runs.segmenter_record import ModelFacts, SegmenterRecord
from robustbench_seg.records.values.preprocessing import Inference
from robustbench_seg.segmenter.adapters.programs.interface import Interface
from robustbench_seg.segmenter.adapters.programs.program import Program
from robustbench_seg.segmenter.adapters.programs.sidecar import (
    Sidecar,
    read_sidecar,
    sidecar_to_fill_in,
)
from robustbench_seg.segmenter.assembly import assemble
from robustbench_seg.segmenter.class_names import class_spelling
from robustbench_seg.segmenter.described_network import DescribedNetwork
from robustbench_seg.segmenter.segmenter import Segmenter
from robustbench_seg.segmenter.segmenter_options import SegmenterOptions

PROGRAM_OPTIONS = ("name", "inference", "augment", "device", "batch")
"""The options that an exported program may support. Its precision is fixed."""


class _Opener(Protocol):
    """Opens a program: the path, the torch device, the sidecar, and the number of its classes."""

    def __call__(
        self, path: Path, device: str, sidecar: Sidecar, *, where: str, classes: int
    ) -> Program: ...


@dataclass(frozen=True)
class ProgramKind:
    """What distinguishes one kind of programs from the others.

    Attributes:
        prefix: The prefix of the model before the colon, such as "onnx".
        law: Version of the input preparation for programs of this kind.
        open: Opens a program.
        runtime: The library that runs it; see SegmenterRecord.
        package: The name of the package of that library.
        digest: Computes the sha256 of a program's files, after checking them.
        read_interface: Reads the inputs and outputs that a program declares, given its path and
            its name in errors. None: without a sidecar they cannot be read.
    """

    prefix: str
    law: int
    open: _Opener
    runtime: str
    package: str
    digest: Callable[[Path], str] = digest_file
    read_interface: Callable[[Path, str], Interface] | None = None


def load_program(kind: ProgramKind, location: str, options: SegmenterOptions) -> Segmenter:
    """Build the segmenter of a program.

    Args:
        kind: The kind of the program.
        location: Path of the program.
        options: How it runs.

    Returns:
        The segmenter, named as in the sidecar.

    Raises:
        ModelError: The program or its sidecar is missing, it cannot run, or it has other classes
            than the sidecar names.
        OptionError: It cannot run with these options.
        CardError: The sidecar is wrong.
        WeightsError: A file is empty, a web page or a Git LFS pointer.
    """
    where, path = f"{kind.prefix}:{location}", Path(location)
    if not path.is_file():
        raise ModelError(f"{where}: there is no such file")
    sidecar = read_sidecar(path, lambda: _example(kind, path, where))
    sidecar_name = path.with_suffix(".toml").name
    classes = _classes(sidecar, sidecar_name)
    weights = kind.digest(path)
    network = kind.open(path, options.device, sidecar, where=where, classes=len(classes))
    _check_names(network, classes, sidecar_name)
    _check_channels(network, sidecar, classes, sidecar_name)
    _check_windows(network, options.inference_of(sidecar.inference))
    described = DescribedNetwork(
        network,
        SegmenterRecord(
            architecture=kind.prefix,
            weights=weights,
            variant=sidecar.deviations(),
            preprocessing=sidecar.preprocessing(
                takes_bytes=network.takes_bytes, sidecar_name=sidecar_name
            ),
            inference=sidecar.inference,
            input_size=network.size,
            align_corners=sidecar.align_corners,
            runtime=kind.runtime,
            laws={kind.prefix: kind.law},
        ),
        ModelFacts(
            location=where,
            params=network.params,
            weights_file=path.name,
            libraries={kind.package: network.version},
            no_confidence=_why_no_confidence(network, sidecar),
        ),
    )
    names = class_spelling(classes, options.classes)
    return assemble(described, options, name=sidecar.name, classes=names)


def _example(kind: ProgramKind, path: Path, where: str) -> str:
    """Return a sidecar to fill in, with what the program declares if that can be read."""
    if kind.read_interface is None:
        return sidecar_to_fill_in(path.stem)
    try:
        kind.digest(path)  # checks the files before they are opened
        interface = kind.read_interface(path, where)
    except ModelError:
        return sidecar_to_fill_in(path.stem)
    return sidecar_to_fill_in(
        path.stem,
        str(interface),
        takes_bytes=interface.takes_bytes,
        outputs=interface.answers,
    )


def _classes(sidecar: Sidecar, sidecar_name: str) -> tuple[str, ...]:
    """Return the names of the classes of a program: two if the sidecar has a threshold."""
    try:
        classes = sidecar.classes or class_names(str(sidecar.dataset))
    except DatasetError as error:
        raise CardError(
            f"{sidecar_name}: {error}; for a dataset of your own write classes = [...] instead"
        ) from None
    if sidecar.threshold is not None and len(classes) != 2:
        raise CardError(
            f"{sidecar_name}: a threshold separates two classes, but {len(classes)} are "
            "named; name two or leave out threshold"
        )
    return classes


def _check_names(network: Program, classes: Sequence[str], sidecar_name: str) -> None:
    """Refuse a program that names other classes, or another order, than its sidecar."""
    for place, names in network.own_names.items():
        if class_spelling(names, classes) != tuple(classes):
            raise ModelError(
                f"{network.where}: {place} name its classes {', '.join(names)}, but "
                f"{sidecar_name} names {', '.join(classes)}; give the names of the program as "
                f"classes in {sidecar_name}, in the same order"
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
    network: Program, sidecar: Sidecar, classes: Sequence[str], sidecar_name: str
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
        f"named in {sidecar_name}: {', '.join(classes)}{hint}"
    )
