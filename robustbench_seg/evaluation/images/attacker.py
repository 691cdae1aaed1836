"""Computes the attacks of an evaluation, just before a network labels the images."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from robustbench_seg.attacks import perturb
from robustbench_seg.errors import ModelError
from robustbench_seg.evaluation.images.image_maker import ConditionImage
from robustbench_seg.evaluation.inputs.attack_settings import AttackSettings
from robustbench_seg.evaluation.outputs.attack_folder import AttackFolder
from robustbench_seg.records.runs.run_key import RunKey
from robustbench_seg.records.values.condition import Condition
from robustbench_seg.segmenter import DifferentiableSegmenter, EvaluatedModel, FloatImage


class Attacker:
    """Perturbs the images of attack conditions. Other images do not change."""

    def __init__(self, settings: AttackSettings) -> None:
        self._settings = settings
        self._folders = dict[str, AttackFolder]()
        self._latest: tuple[ConditionImage, ConditionImage] | None = None

    def open_folder(
        self, root: Path, segmenter: EvaluatedModel, key: RunKey
    ) -> AttackFolder | None:
        """Open the folder for the attacked images of a scored network.

        Args:
            root: Folder of the images of all attacked networks.
            segmenter: The network that is scored.
            key: The key of its run.

        Returns:
            The folder; None if it is already open, because several networks share the images.

        Raises:
            ResultsError: The folder contains other images.
            FileError: It cannot be written.
        """
        name = self._attacked(segmenter).name
        if name in self._folders:
            return None
        return self._folders.setdefault(name, AttackFolder.open(root, name, key))

    def lacks(self, segmenter: EvaluatedModel, image: str, condition: Condition) -> bool:
        """Return whether an attacked image must be saved and does not exist yet."""
        folder = self._folders.get(self._attacked(segmenter).name)
        if folder is None or not self._settings.protocol.is_attack(condition):
            return False
        return not folder.holds(image, condition)

    def _attacked(self, segmenter: EvaluatedModel) -> EvaluatedModel:
        return self._settings.surrogate or segmenter

    def attacked(self, segmenter: EvaluatedModel, image: ConditionImage) -> ConditionImage:
        """Perturb an image, if its condition is an attack.

        Attacks on a surrogate are computed once, and all scored networks share them.

        Args:
            segmenter: The network that is scored.
            image: The clean image, uint8, under the condition.

        Returns:
            The perturbed image. Its seconds include those of the attack.

        Raises:
            ModelError: The network has no gradients, or they are not finite.
            FileError: The perturbed image cannot be written.
        """
        settings = self._settings
        if image.pixels is None or not image.is_attack:
            return image
        if settings.surrogate is None:
            return self._perturbed(segmenter, image)
        if self._latest is None or self._latest[0] is not image:
            self._latest = image, self._perturbed(settings.surrogate, image)
        return self._latest[1]

    def _perturbed(self, network: EvaluatedModel, image: ConditionImage) -> ConditionImage:
        settings, condition, clean = self._settings, image.condition, image.pixels
        if not isinstance(network, DifferentiableSegmenter) or not isinstance(clean, np.ndarray):
            raise ModelError(f"{network.name} has no gradients to attack")
        started = time.perf_counter()
        pixels = torch.from_numpy(np.ascontiguousarray(clean)).to(network.device)
        truth = torch.from_numpy(image.original.sample().labels.astype(np.int64)).to(network.device)
        found = perturb(
            network.loss_gradient,
            pixels.permute(2, 0, 1).float() / 255,
            truth,
            condition.name,
            settings.protocol.perturbation(condition.name).parameters[condition.severity - 1],
            seed=settings.seed,
            image_id=image.original.id,
            class_frequencies=settings.class_frequencies,
        )
        values = np.ascontiguousarray(found.image.permute(1, 2, 0).cpu().numpy())
        if folder := self._folders.get(network.name):
            folder.write(image.original.id, condition, values)
        rounded = np.rint(values * 255).astype(np.uint8) if settings.is_rounded else None
        return replace(
            image,
            pixels=FloatImage(values) if rounded is None else rounded,
            seconds=image.seconds + time.perf_counter() - started,
        )
