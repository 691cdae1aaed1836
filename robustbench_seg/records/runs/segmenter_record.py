"""The record of a segmenter: everything that decides its labels, and further facts for readers."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from robustbench_seg.records.cards.model_card import NetworkOptions
from robustbench_seg.records.runs.calibration_record import CalibrationRecord
from robustbench_seg.records.values.adaptation import Adaptation
from robustbench_seg.records.values.choices import InferencePrecision
from robustbench_seg.records.values.preprocessing import Inference, Preprocessing, Resize
from robustbench_seg.records.values.published_score import Published
from robustbench_seg.records.values.ranges import Count, Positive, Side
from robustbench_seg.records.values.test_time_augmentation import TestTimeAugmentation
from robustbench_seg.records.values.training import Training

UNTRAINED = "none"
"""Stands for random weights, in place of a digest or a file."""

PREDICTIONS = "predictions"
"""The runtime in the record of predictions that another program computed."""


def untrained_name(name: str) -> str:
    """The name of a model with random weights.

    Every table and figure shows it, so that nobody takes them for results.

    >>> untrained_name("segformer-b0")
    'segformer-b0-untrained'
    """
    return f"{name}-untrained"


@dataclass(frozen=True)
class SegmenterRecord:
    """Everything about a segmenter that decides its labels. It is part of a run's key.

    Attributes:
        architecture: Name of the network's family, class or graph; for a user's segmenter, the name
            by which it was loaded.
        weights: sha256 of the weights, or UNTRAINED; None for a user's segmenter.
        variant: Keyword options of the network; they differ between architectures.
        config: sha256 of a file that describes a foreign network, or of the table of label ids in
            stored predictions.
        preprocessing: The normalisation of an image.
        resize: The size to which images are scaled; None: images are not scaled.
        inference: Whole images or windows.
        input_size: The fixed height and width of a program's images, or the height and width to
            which images are scaled for a model of transformers.
        processor: sha256 of the description of the model's image processor, if it prepares the
            images, including their size.
        grid: Sides of whole images are padded to one more than a multiple of it.
        align_corners: Whether logits are upsampled with aligned corners.
        precision: Number format of the forward pass.
        runtime: The library that runs it. For the network of a card it is the backend. For other
            models: torch, transformers, onnxruntime, litert or python; or "predictions" if another
            program computed them. Versions are not part of it, because a run's probe detects
            whether they matter.
        laws: Law versions of the program's steps from image to labels, such as "inference".
        own: Facts that a user's segmenter states.
        adaptation: How it is adapted to each condition; None: not at all.
        augment: The views of an image whose predictions are averaged; None: only the image.
        calibration: The images that calibrated a network in int8; None: it is not quantised.
    """

    architecture: str
    weights: str | None = None
    variant: NetworkOptions = field(default_factory=dict)
    config: str | None = None
    preprocessing: Preprocessing | None = None
    resize: Resize | None = None
    inference: Inference | None = None
    input_size: tuple[Side, Side] | None = None
    processor: str | None = field(default=None, metadata={"when_set": True})
    grid: Side | None = None
    align_corners: bool = False
    precision: InferencePrecision | None = None
    runtime: str = "torch"
    laws: Mapping[str, Positive] = field(default_factory=dict)
    own: Mapping[str, object] = field(default_factory=dict)
    adaptation: Adaptation | None = field(default=None, metadata={"when_set": True})
    augment: TestTimeAugmentation | None = field(default=None, metadata={"when_set": True})
    calibration: CalibrationRecord | None = field(default=None, metadata={"when_set": True})

    def scaled_size(self, height: int, width: int, scale: float = 1.0) -> tuple[int, int]:
        """Return the size to which an image is scaled for the network, before any padding.

        Args:
            height: Height of the image, in pixels.
            width: Its width.
            scale: Scale of a view of the image, relative to the size of the whole image.

        Returns:
            Height and width, in pixels, each at least 1.
        """
        size = self.resize.size(height, width) if self.resize else (height, width)
        high, wide = (max(1, round(side * scale)) for side in size)
        return high, wide

    def padding(self, height: int, width: int) -> tuple[int, int]:
        """Return by how many rows and columns a whole image is padded to the network's grid.

        Args:
            height: Height of the scaled image, in pixels.
            width: Its width.
        """
        if self.grid is None:
            return 0, 0
        return -(height - 1) % self.grid, -(width - 1) % self.grid

    @property
    def precision_text(self) -> str:
        """Its precision, as text for readers."""
        return self.precision or "decided by the model"

    @property
    def geometry_text(self) -> str:
        """The size at which the network gets images, in words."""
        if self.processor:
            return "as the model's image processor says"
        return f"{self.input_size[0]}x{self.input_size[1]}" if self.input_size else "native"

    @property
    def probed(self) -> bool:
        """Whether a probe checks its labels. A user's segmenter states a version instead."""
        return self.has_logits

    @property
    def has_logits(self) -> bool:
        """Whether this program computes its logits."""
        return self.runtime not in ("python", PREDICTIONS)


@dataclass(frozen=True)
class ModelFacts:
    """Facts about a model for readers; none of them changes a label.

    Attributes:
        card: Name of its card; None for a model without one.
        location: The name by which it was loaded without a card, such as "hf:nvidia/segformer".
        params: Number of parameters.
        macs: Multiply-accumulates for an image of the size of the run's first image.
        weights_file: Name of the weight file.
        weights_metadata: Metadata in the weight file.
        published: Its published clean score.
        published_on: The dataset of that score.
        training: How its weights were trained, if this program trained them.
        device: The torch device that it runs on.
        libraries: Versions of the libraries that compute it, by name.
        no_confidence: Why it returns labels without confidence; None if it returns both.
    """

    card: str | None = None
    location: str | None = None
    params: Count | None = None
    macs: Count | None = None
    weights_file: str | None = None
    weights_metadata: Mapping[str, str] = field(default_factory=dict)
    published: Published | None = None
    published_on: str | None = None
    training: Training | None = None
    device: str = "cpu"
    libraries: Mapping[str, str] = field(default_factory=dict)
    no_confidence: str | None = field(default=None, metadata={"when_set": True})
