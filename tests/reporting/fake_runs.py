"""Run folders with known scores, written through the store."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from robustbench_seg.measures import CONFIDENCE, Confidence, Prediction, mean_iou
from robustbench_seg.records.cards.protocol import ProtocolFile, list_protocols, load_protocol
from robustbench_seg.records.runs.class_map_record import ClassMapFacts, ClassMapRecord
from robustbench_seg.records.runs.run_key import DatasetRecord, PerturbationRecord, RunKey
from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.records.runs.segmenter_record import ModelFacts, SegmenterRecord
from robustbench_seg.records.values.condition import CLEAN, Condition
from robustbench_seg.records.values.published_score import Published
from robustbench_seg.records.values.training import Training
from robustbench_seg.records.values.training_recipe import TrainingRecipe
from robustbench_seg.store import Row, RunFolder, Timing

HOSTILE = "<script>alert(1)</script>"
CLASSES = ("road", "car", "sky")
PALETTE = (128, 64, 128, 0, 0, 142, 70, 130, 180)

Score = Callable[[str, int, int], int | str | None]
"""(corruption, severity, image index) -> IoU in percent; a text: why the image was left out; None:
this image was not run."""


def matrix_of(percent: int, classes: int) -> np.ndarray:
    """A matrix in which the first two classes have this IoU and the others do not occur.

    Of each of the two, h pixels are right and m go to the other: IoU = h / (h + 2 m).
    """
    matrix = np.zeros((classes, classes), np.int64)
    matrix[0, 0] = matrix[1, 1] = 2 * percent
    matrix[0, 1] = matrix[1, 0] = 100 - percent
    return matrix


def observed(percent: int, classes: int, confidence: float | None = None) -> dict[str, np.ndarray]:
    """What the measures observe of such an image, of which all pixels have this confidence."""
    matrix = matrix_of(percent, classes)
    found = {"confusion": matrix, "image_miou": np.array([mean_iou(matrix), 1.0])}
    if confidence is not None:
        truth, labels = (
            np.repeat(each.ravel(), matrix.ravel()).astype(np.uint8)[None]
            for each in np.indices(matrix.shape)
        )
        doubt = np.full(truth.shape, 1 - confidence, np.float32)
        prediction = Prediction(labels, truth, classes, Confidence(doubt))
        found["confidence"] = CONFIDENCE.observe(None, prediction)
    return found


def write_run(
    root: Path,
    model: str,
    score: Score,
    *,
    dataset: str = "minicity",
    images: int = 3,
    classes: Sequence[str] = CLASSES,
    seed: int = 0,
    protocol: str = "cityscapes-c",
    own_protocol: ProtocolFile | None = None,
    pictures: Iterable[Condition] = (),
    about: Mapping[str, Any] | None = None,
    trained: int | None = None,
    augment: str | None = None,
    published: float | None = None,
    weights: str | None = None,
    predict: float | None = None,
    precision: str = "float32",
    fingerprint: str = "files",
    laws: Mapping[str, int] | None = None,
    clip: int = 1,
    foreign: str | None = None,
    numpy: str = "2.0",
    confidence: float | None = None,
    class_map: tuple[ClassMapRecord, ClassMapFacts] | None = None,
    image: Callable[[int], str] = "town/{}.png".format,
) -> Path:
    """Write a run folder under `root` and return its path.

    about:     changes of the facts about the model
    trained:   seed of its training, of one recipe for all; augment: what it saw besides
    published: clean score of its card
    predict:   seconds, of every image
    foreign:   digest of corrupted images of unknown origin
    confidence: of every pixel
    class_map: that its labels went through
    image:     name of an image by its index
    """
    shipped = protocol if protocol in list_protocols() else "cityscapes-c"
    training = None
    if trained is not None:
        recipe = TrainingRecipe(augment=augment, seed=trained)
        training = Training("train", 1.0, "", 9, trained, augment=augment, recipe=recipe)
    record = RunRecord(
        model=model,
        key=RunKey(
            SegmenterRecord(
                "toy", weights=(weights or str(trained or 0)) * 64, precision=precision
            ),
            DatasetRecord(dataset, "val", images, tuple(classes), {"files": fingerprint}),
            PerturbationRecord(
                "fast", 2, seed, load_protocol(shipped).severities_digest, dict(laws or {}), foreign
            ),
            class_map=class_map and class_map[0],
        ),
        protocol=protocol,
        protocol_version="1",
        own_protocol=own_protocol,
        clip=clip,
        class_map=class_map and class_map[1],
        about=replace(ModelFacts(params=3_700_000, training=training), **(about or {})),
        published=None if published is None else Published(published, "its card"),
        libraries={"numpy": numpy, "torch": "2.6"},
        created="2026-01-01T00:00:00+00:00",
        command=f"robustseg evaluate --dataset {dataset} --limit {images}",
    )
    folder = RunFolder.open(root, record)
    rows = []
    for condition in (CLEAN, *load_protocol(shipped).conditions()):
        for index in range(images):
            value = score(condition.name, condition.severity, index)
            name = image(index)
            if isinstance(value, str):
                rows.append(Row(name, condition, reason=value))
            elif value is not None:
                rows.append(Row(name, condition, observed(value, len(classes), confidence)))
    there = [row for row in rows if row.reason is None and predict]
    folder.add(0, rows, [Timing(row.image, row.condition, 0.5, predict or 0) for row in there])
    for condition in pictures:
        write_pictures(folder.path, condition)
    return folder.path


def write_pictures(run: Path, condition: Condition) -> None:
    """What a study keeps of one condition."""
    seen = Image.fromarray(np.arange(48 * 96, dtype=np.uint8).reshape(48, 96) % 3)
    seen.putpalette(PALETTE)
    folder, name = run / "pictures", f"{condition.name}-{condition.severity}"
    (folder / "input").mkdir(parents=True, exist_ok=True)
    seen.save(folder / f"{name}.png")
    seen.save(folder / "truth.png")
    seen.convert("RGB").save(folder / "input" / f"{name}.jpg")


def steady(corruption: str, severity: int, image: int) -> int:
    """Clean 80; each severity costs 4 points, on every image."""
    return 80 - 4 * severity


def weaker(corruption: str, severity: int, image: int) -> int:
    """Clean 78; each severity costs 6 points, and 8 under fog; a later image is 1 point better."""
    return 78 - (8 if corruption == "fog" else 6) * severity + image
