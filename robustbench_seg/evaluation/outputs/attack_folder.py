"""Saved images of attacks: DIR/<attacked model>/<attack>/<severity>/<image>.npy.

Images are float32 HxWx3 in 0..1, because 8 bits would undo a radius of half a level. attacks.json
has a digest of everything that the images depend on, so that images of different attacks never mix.
"""

from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.evaluation.outputs.marked_folder import open_marked_folder
from robustbench_seg.files import atomic_file, file_name
from robustbench_seg.records.runs.run_key import RunKey
from robustbench_seg.records.values.condition import Condition, as_png


@dataclass(frozen=True)
class AttackFolder:
    """The images of the attacks on one network.

    Attributes:
        folder: Their folder.
    """

    folder: Path

    @classmethod
    def open(cls, root: Path, model: str, key: RunKey) -> "AttackFolder":
        """Open `root`/<model>, and mark a new folder with the digest of these attacks.

        Args:
            root: Folder of the images of all attacked models.
            model: Name of the attacked model.
            key: Key of a run that uses the images.

        Raises:
            ResultsError: The folder contains other images.
            FileError: It cannot be written.
        """
        folder = root / file_name(model)
        open_marked_folder(
            folder,
            "attacks.json",
            {"digest": _digest(key), "model": model},
            one_file="an image of these attacks",
            all_files="images of other attacks",
        )
        return cls(folder)

    def path(self, image: str, condition: Condition) -> Path:
        """Return the path of an image under an attack. Its id must not lead out of the folder."""
        return self.folder / condition.folder / PurePosixPath(as_png(image)).with_suffix(".npy")

    def holds(self, image: str, condition: Condition) -> bool:
        """Return whether the image exists."""
        return self.path(image, condition).exists()

    def write(self, image: str, condition: Condition, values: NDArray[np.float32]) -> None:
        """Write an image, float32 HxWx3 in 0..1. Raises FileError if that fails."""
        with atomic_file(self.path(image, condition)) as file:
            np.save(file, values)


def _digest(key: RunKey) -> str:
    """Return the digest of everything that decides the images, such as the attacked network."""
    attack = key.attack
    assert attack is not None, "there is an attack"
    attacked = attack.surrogate or key.segmenter
    images = replace(attack, surrogate=None, is_rounded=False)
    return replace(key, segmenter=attacked, temperature=None, attack=images).digest
