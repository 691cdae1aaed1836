"""Each kind of model, compared with the library that it comes from: time to label an image.

    python benchmarks/adapters.py benchmarks/results/adapters.json [pairs] [height width]

Small random models of 19 classes. Both sides take the same uint8 image in memory and return labels
of its size, in turns in one process, with one thread; times are processor time, which other
programs of the machine do not lengthen. The other side is what its users write: the
library's own preparation where it has one, else three lines of torch; the network; upsampling and
argmax, or the library's own step from its output to labels. Ratios are medians over the pairs, of
their time over ours. smp is left out if segmentation_models_pytorch is not installed.
"""

import importlib.util
import json
import logging
import os
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from small_transformers import save

from robustbench_seg.machine.allocator import keep_freed_memory
from robustbench_seg.machine.threads import limit_spinning

Labels = NDArray[Any]
Side = Callable[[NDArray[np.uint8]], Labels]

CLASSES = 19
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SIDECAR = f'name = "small"\ndataset = "cityscapes"\nmean = {list(MEAN)}\nstd = {list(STD)}\n'


def seconds(function: Callable[[], Any]) -> float:
    start = time.process_time()
    function()
    return time.process_time() - start


def normalised(image: NDArray[np.uint8]) -> Any:
    import torch

    mean, std = (torch.tensor(values).reshape(1, 3, 1, 1) for values in (MEAN, STD))
    return (torch.from_numpy(image).permute(2, 0, 1)[None] / 255 - mean) / std


def labels_of(logits: Any, image: NDArray[np.uint8]) -> Labels:
    from torch.nn import functional as F

    if logits.shape[2:] != image.shape[:2]:
        logits = F.interpolate(logits, image.shape[:2], mode="bilinear", align_corners=False)
    labels: Labels = logits.argmax(1)[0].numpy()
    return labels


def plain_native(model: Any) -> Side:
    """The network on the image at its own size; of queries, the formula of MaskFormer."""
    import torch
    from torch.nn import functional as F

    def label(image: NDArray[np.uint8]) -> Labels:
        answer = model(pixel_values=normalised(image))
        if hasattr(answer, "logits"):
            return labels_of(answer.logits, image)
        masks = F.interpolate(answer.masks_queries_logits, image.shape[:2], mode="bilinear")
        classes = answer.class_queries_logits.softmax(-1)[..., :-1]
        return labels_of(torch.einsum("bqc,bqhw->bchw", classes, masks.sigmoid()), image)

    return label


def plain_processor(model: Any, folder: Path) -> Side:
    """The pipeline of transformers: image processor, network, post-processing."""
    from transformers import AutoImageProcessor

    processor: Any = AutoImageProcessor.from_pretrained(folder, backend="pil")

    def label(image: NDArray[np.uint8]) -> Labels:
        inputs = processor(images=image, return_tensors="pt")
        sizes = [image.shape[:2]]
        (found,) = processor.post_process_semantic_segmentation(model(**inputs), target_sizes=sizes)
        labels: Labels = found.numpy()
        return labels

    return label


def small_network() -> Any:
    """A network of three convolutions that upsamples its logits, as exported programs often do."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 64, 7, stride=4, padding=3),
        nn.ReLU(),
        nn.Conv2d(64, 64, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(64, CLASSES, 1),
        nn.Upsample(scale_factor=4, mode="bilinear"),
    ).eval()


class Own:
    """A model of `python:`."""

    name, version = "own", "1"

    def __init__(self) -> None:
        from robustbench_seg.datasets import class_names

        self.classes, self.network = class_names("cityscapes"), small_network()

    def __call__(self, image: NDArray[np.uint8]) -> Labels:
        """Label an image."""
        return labels_of(self.network(normalised(image)), image)


def cards(folder: Path) -> Iterator[tuple[str, Side, Side]]:
    """Yield cards of SegFormer-B0, as name, our side, the library's side."""
    import torch

    from robustbench_seg.segmenter import load_segmenter

    model = save("segformer_b0", folder / "card")
    card: dict[str, Any] = {"inference": "whole"}
    ours = load_segmenter("segformer-b0", weights=folder / "card", **card)
    yield "card: SegFormer-B0, transformers", ours, plain_native(model)
    if importlib.util.find_spec("segmentation_models_pytorch") is None:
        return
    import segmentation_models_pytorch as smp

    theirs = smp.Segformer("mit_b0", encoder_weights=None, classes=CLASSES).eval()
    file = folder / "smp.pth"
    torch.save(theirs.state_dict(), file)
    ours = load_segmenter("segformer-b0", weights=file, **card)
    yield "card: SegFormer-B0, smp", ours, lambda image: labels_of(theirs(normalised(image)), image)


def models_of_transformers(folder: Path) -> Iterator[tuple[str, Side, Side]]:
    """Yield hf: models, at each size that they take."""
    from robustbench_seg.segmenter import load_segmenter

    for kind in ("segformer", "upernet", "dpt", "mask2former", "eomt"):
        model = save(kind, folder / kind)
        if kind not in ("dpt", "eomt"):
            ours = load_segmenter(f"hf:{folder / kind}", input_size="native")
            yield f"hf: {kind}, native", ours, plain_native(model)
        ours = load_segmenter(f"hf:{folder / kind}", input_size="processor")
        yield f"hf: {kind}, processor", ours, plain_processor(model, folder / kind)


def programs(folder: Path, size: tuple[int, int]) -> Iterator[tuple[str, Side, Side]]:
    """Yield a module as a graph, as two programs and as itself."""
    import onnxruntime
    import torch

    from robustbench_seg.segmenter import load_segmenter

    module, example = small_network(), torch.rand(1, 3, *size)
    for suffix in ("onnx", "pt2", "pt"):
        (folder / f"graph-{suffix}.toml").write_text(SIDECAR)
    graph, export, script = (
        folder / f"graph-{suffix}.{suffix}" for suffix in ("onnx", "pt2", "pt")
    )
    with torch.no_grad():
        torch.onnx.export(module, (example,), graph, dynamo=True, verbose=False)
        torch.export.save(torch.export.export(module, (example,)), export)
        torch.jit.trace(module, example).save(str(script))
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(graph), settings, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()

    def run_session(image: NDArray[np.uint8]) -> Labels:
        (logits,) = session.run(None, {given.name: normalised(image).numpy()})
        labels: Labels = logits.argmax(1)[0]
        return labels

    yield "onnx:", load_segmenter(f"onnx:{graph}"), run_session
    for name, file, run in (
        ("exported: torch.export", export, torch.export.load(export).module()),
        ("exported: TorchScript", script, torch.jit.load(str(script))),
    ):
        ours = load_segmenter(f"exported:{file}")
        yield name, ours, lambda image, run=run: labels_of(run(normalised(image)), image)

    own = Own()
    ours = load_segmenter(module, name="own", classes=own.classes, mean=MEAN, std=STD)
    yield "a torch module", ours, own
    yield "python:", load_segmenter("python:__main__:Own"), own


def tensorflow_lite(folder: Path, size: tuple[int, int]) -> Iterator[tuple[str, Side, Side]]:
    """Yield two convolutions as a model of TensorFlow Lite, which the tests' writer makes."""
    from ai_edge_litert.interpreter import Interpreter

    from robustbench_seg.segmenter import load_segmenter

    sys.path.append(str(Path(__file__).parents[1]))
    from tests.segmenter.adapters import tflite_writer as writer

    rng = np.random.default_rng(0)
    shapes = {"x": 3, "hidden": 32, "y": CLASSES}
    tensors = {name: writer.tensor("float32", (1, *size, last)) for name, last in shapes.items()}
    for name, shape in (("1", (32, 3, 3, 3)), ("2", (CLASSES, 1, 1, 32))):
        tensors[f"w{name}"] = writer.constant(rng.normal(size=shape).astype(np.float32))
        tensors[f"b{name}"] = writer.constant(np.zeros(shape[0], np.float32))
    operators = [
        ("CONV_2D", ("x", "w1", "b1"), "hidden", writer.convolution()),
        ("CONV_2D", ("hidden", "w2", "b2"), "y", writer.convolution()),
    ]
    file = folder / "small.tflite"
    file.write_bytes(writer.model(tensors, operators, ["y"]))
    file.with_suffix(".toml").write_text(SIDECAR)
    interpreter = Interpreter(str(file), num_threads=1)
    interpreter.allocate_tensors()
    (given,), (answer,) = interpreter.get_input_details(), interpreter.get_output_details()

    def run(image: NDArray[np.uint8]) -> Labels:
        interpreter.set_tensor(given["index"], normalised(image).numpy().transpose(0, 2, 3, 1))
        interpreter.invoke()
        labels: Labels = interpreter.get_tensor(answer["index"])[0].argmax(-1)
        return labels

    yield "tflite:", load_segmenter(f"tflite:{file}"), run


def files(folder: Path, labels: Labels) -> Iterator[tuple[str, Side, Side]]:
    """Yield predictions in files of labels."""
    from PIL import Image

    from robustbench_seg.records.values.condition import CLEAN
    from robustbench_seg.segmenter import load_segmenter

    folder = folder / "predictions"
    path = folder / "clean/0/image.png"
    path.parent.mkdir(parents=True)
    Image.fromarray(labels.astype(np.uint8)).save(path)
    (folder / "predictions.toml").write_text(
        'name = "files"\ndataset = "cityscapes"\nids = "train ids"\n'
    )
    every: Any = load_segmenter(f"predictions:{folder}")
    ours = every.of("image.png", CLEAN)
    yield "predictions:", ours, lambda _: np.asarray(Image.open(path))


def measured(ours: Side, theirs: Side, image: NDArray[np.uint8], pairs: int) -> dict[str, Any]:
    """Run both sides in turns, the first one alternately."""
    different = float((ours(image) != theirs(image)).mean())
    turns = []
    for pair in range(pairs):
        order = (ours, theirs) if pair % 2 else (theirs, ours)
        times = [seconds(lambda side=side: side(image)) for side in order]
        turns.append(tuple(times) if pair % 2 else tuple(reversed(times)))
    ratios = sorted(their / own for own, their in turns)
    return {
        "ours_ms": round(1000 * statistics.median(own for own, _ in turns), 1),
        "theirs_ms": round(1000 * statistics.median(their for _, their in turns), 1),
        "times_as_fast": round(statistics.median(ratios), 2),
        "quartiles": [round(ratios[len(ratios) // 4], 2), round(ratios[-1 - len(ratios) // 4], 2)],
        "pixels_that_differ": different,
    }


def main() -> None:
    pairs = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    size = (int(sys.argv[3]), int(sys.argv[4])) if len(sys.argv) > 4 else (512, 1024)
    keep_freed_memory()
    limit_spinning()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    import cv2
    import torch

    from robustbench_seg.datasets import open_dataset

    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    cv2.setNumThreads(1)
    sample = open_dataset("minicity").first(1)[0]
    image = cv2.resize(sample.image, size[::-1]).astype(np.uint8)
    truth = cv2.resize(sample.labels, size[::-1], interpolation=cv2.INTER_NEAREST)
    result: dict[str, Any] = {
        "unit": f"processor time, medians of {pairs} pairs; {size[0]}x{size[1]}, float32, CPU",
        "cores": os.cpu_count(),
        "threads": 1,
        "adapters": {},
    }
    with tempfile.TemporaryDirectory() as name, torch.inference_mode(False):
        folder = Path(name)
        for kinds in (
            cards(folder),
            models_of_transformers(folder),
            programs(folder, size),
            tensorflow_lite(folder, size),
            files(folder, np.where(truth < CLASSES, truth, 0)),
        ):
            for kind, ours, theirs in kinds:
                result["adapters"][kind] = measured(ours, theirs, image, pairs)
                print(kind, json.dumps(result["adapters"][kind]), file=sys.stderr)
    text = json.dumps(result, indent=2)
    print(text)
    Path(sys.argv[1]).write_text(text + "\n")


if __name__ == "__main__":
    main()
