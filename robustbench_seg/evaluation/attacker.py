"""The attacks of an evaluation: images perturbed against a network, just before it labels them."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from robustbench_seg.attacks import perturb
from robustbench_seg.errors import ModelError
from robustbench_seg.evaluation.attack_settings import AttackSettings
from robustbench_seg.evaluation.image_maker import ConditionImage
from robustbench_seg.files import atomic_file, file_name
from robustbench_seg.records.values.image_path import as_png
from robustbench_seg.segmenter import DifferentiableSegmenter, FloatImage, Segmenter


class Attacker:
    """Perturbs the images of attack conditions; others stay as they are."""

    def __init__(self, settings: AttackSettings) -> None:
        self._settings = settings
        self._latest: tuple[ConditionImage, ConditionImage] | None = None

    def attacked(self, segmenter: Segmenter, made: ConditionImage) -> ConditionImage:
        """Perturb an image, if its condition is an attack.

        Images that were made on another network are shared by all that are scored on them.

        Args:
            segmenter: The network that is scored.
            made: The clean image, uint8, under the condition.

        Returns:
            The perturbed image. Its seconds include those of the attack.

        Raises:
            ModelError: The network has no gradients, or they are not finite.
        """
        settings = self._settings
        if made.image is None or not made.is_attack:
            return made
        if settings.source is None:
            return self._perturbed(segmenter, made)
        if self._latest is None or self._latest[0] is not made:
            self._latest = made, self._perturbed(settings.source, made)
        return self._latest[1]

    def _perturbed(self, network: Segmenter, made: ConditionImage) -> ConditionImage:
        settings, condition, clean = self._settings, made.condition, made.image
        if not isinstance(network, DifferentiableSegmenter) or not isinstance(clean, np.ndarray):
            raise ModelError(f"{network.name} has no gradients to attack")
        started = time.perf_counter()
        image = torch.from_numpy(np.ascontiguousarray(clean)).to(network.device)
        truth = torch.from_numpy(made.source.sample().labels.astype(np.int64)).to(network.device)
        found = perturb(
            network.loss_gradient,
            image.permute(2, 0, 1).float() / 255,
            truth,
            condition.name,
            settings.protocol.spec(condition.name).severities[condition.severity - 1],
            seed=settings.seed,
            image_id=made.source.id,
            class_frequencies=settings.class_frequencies,
        )
        values = np.ascontiguousarray(found.image.permute(1, 2, 0).cpu().numpy())
        if settings.folder:
            _write(settings.folder / file_name(network.name), made, values)
        image8 = np.rint(values * 255).astype(np.uint8) if settings.is_rounded else None
        return replace(
            made,
            image=FloatImage(values) if image8 is None else image8,
            seconds=made.seconds + time.perf_counter() - started,
        )


def _write(folder: Path, made: ConditionImage, values: NDArray[np.float32]) -> None:
    """Write an image as float32 HxWx3 in 0..1: 8 bits would undo a radius of half a level."""
    path = folder / made.condition.folder / Path(as_png(made.source.id)).with_suffix(".npy")
    with atomic_file(path) as file:
        np.save(file, values)
