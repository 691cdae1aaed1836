"""onnx:FILE: a graph in ONNX, run by ONNX Runtime, with a TOML file beside it that describes it."""

import ast
from collections.abc import Mapping, Sequence
from pathlib import Path

from robustbench_seg.datasets import class_names
from robustbench_seg.errors import CardError, ModelError
from robustbench_seg.records.cards.model_card import Inference, Preprocessing
from robustbench_seg.records.runs.segmenter_record import ModelFacts, SegmenterRecord
from robustbench_seg.segmenter.adapters.onnx_files import digest_graph
from robustbench_seg.segmenter.adapters.onnx_network import OnnxNetwork
from robustbench_seg.segmenter.adapters.onnx_sidecar import Sidecar, read_sidecar
from robustbench_seg.segmenter.assembly import Options, assemble
from robustbench_seg.segmenter.class_names import class_spelling
from robustbench_seg.segmenter.segmenter import Segmenter

ONNX_LAW = 1
"""Raised whenever images go into a graph otherwise."""

NAMES = ("names", "classes", "class_names", "id2label")
"""The keys of a graph's metadata under which exporters write the class names."""


def load(location: str, options: Options) -> Segmenter:
    """Build a segmenter of a graph.

    The graph maps float 1x3xHxW, normalised, to logits 1xKxhxw of any size, to integer class
    indices 1xhxw or 1x1xhxw, or, with a threshold in the sidecar, to one channel 1x1xhxw.

    Args:
        location: Path of the graph.
        options: How the graph runs.

    Returns:
        The segmenter, named as in the sidecar.

    Raises:
        ModelError: The graph or its sidecar is missing, or the graph cannot run with these
            options.
        CardError: The sidecar is wrong.
    """
    where, path = f"onnx:{location}", Path(location)
    if not path.is_file():
        raise ModelError(f"{where}: there is no such file")
    sidecar = read_sidecar(path)
    if options.precision != "float32":
        raise ModelError(
            f"{where}: a graph has its own precision; leave out --precision, or export one in half "
            "precision"
        )
    classes = sidecar.classes or class_names(str(sidecar.dataset))
    beside = path.with_suffix(".toml").name
    if sidecar.threshold is not None and len(classes) != 2:
        raise CardError(f"{beside}: a threshold tells two classes apart; {len(classes)} are named")
    weights = digest_graph(path)
    network = OnnxNetwork(
        path, options.device, sidecar.input_size, classes=len(classes), threshold=sidecar.threshold
    )
    _check_windows(network, options.inference_of(sidecar.inference), where)
    _check_channels(network, sidecar, classes, where, beside)
    _check_names(network.metadata, classes, where, beside)
    return assemble(
        network,
        options,
        name=sidecar.name,
        classes=class_spelling(classes, options.classes),
        record=SegmenterRecord(
            architecture="onnx",
            weights=weights,
            variant={} if sidecar.threshold is None else {"threshold": sidecar.threshold},
            preprocessing=Preprocessing(sidecar.mean, sidecar.std),
            inference=sidecar.inference,
            input_size=network.size,
            align_corners=sidecar.align_corners,
            runtime="onnxruntime",
            laws={"onnx": ONNX_LAW},
        ),
        about=ModelFacts(
            location=where,
            weights_file=path.name,
            libraries={"onnxruntime": network.version},
            no_confidence=_no_confidence(network, sidecar),
        ),
    )


def _no_confidence(network: OnnxNetwork, sidecar: Sidecar) -> str | None:
    if network.integer:
        return "its graph ends in labels"
    return None if sidecar.threshold is None else "its graph answers one probability, no logits"


def _check_windows(network: OnnxNetwork, inference: Inference, where: str) -> None:
    """Refuse windows of another size than the only one that a graph takes."""
    crop = inference.crop
    if crop and network.size not in (None, (crop, crop)):
        raise ModelError(
            f"{where}: takes images of {network.size[0]}x{network.size[1]} only, not windows of "
            f"{crop}x{crop}; leave out --inference slide"
        )


def _check_channels(
    network: OnnxNetwork, sidecar: Sidecar, classes: Sequence[str], where: str, beside: str
) -> None:
    """Refuse a graph that declares another number of classes than its sidecar names."""
    one = network.channels == 1 and (network.integer or sidecar.threshold is not None)
    if one or network.channels in (None, len(classes)):
        return
    hint = ""
    if network.channels == 1 and len(classes) == 2:
        hint = "; if it is the probability of the second class, give threshold there"
    raise ModelError(
        f"{where}: the graph gives {network.channels} classes, {len(classes)} are named in "
        f"{beside}: {', '.join(classes)}{hint}"
    )


def _check_names(
    metadata: Mapping[str, str], classes: Sequence[str], where: str, beside: str
) -> None:
    """Refuse a graph whose own metadata name other classes, or another order, than its sidecar.

    Exporters write the names under one of NAMES.
    """
    for key in NAMES:
        names = _listed(metadata.get(key, ""))
        if names is not None and class_spelling(names, classes) != tuple(classes):
            raise ModelError(
                f"{where}: the metadata of the graph name its classes {', '.join(names)} ({key}), "
                f"{beside} names {', '.join(classes)}; give the graph's names in their order as "
                f"classes in {beside}"
            )


def _listed(text: str) -> tuple[str, ...] | None:
    """The names in a list, or in a dict by index, written in JSON or Python; else None."""
    try:
        names = ast.literal_eval(text)
        if isinstance(names, dict):
            names = [
                {int(index): name for index, name in names.items()}[i] for i in range(len(names))
            ]
    except (ValueError, SyntaxError, KeyError, TypeError, RecursionError, MemoryError):
        return None
    if isinstance(names, list | tuple) and names and all(isinstance(name, str) for name in names):
        return tuple(names)
    return None
