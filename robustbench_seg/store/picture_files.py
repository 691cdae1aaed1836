"""The pictures that a run keeps, and the names of their files.

pictures/truth.png                              the labels of the first image
pictures/<corruption>-<severity>.png            the prediction
pictures/input/<corruption>-<severity>.jpg      the image
pictures/hardest/<image and condition>-input.jpg, -truth.png, -prediction.png
"""

import re
from dataclasses import dataclass
from pathlib import Path

from robustbench_seg.files import digest_bytes
from robustbench_seg.records.cards.perturbation import shown_severities
from robustbench_seg.records.values.condition import CLEAN, SEVERITIES, Condition

KEPT_SEVERITIES = (CLEAN.severity, *shown_severities(SEVERITIES))
"""The severities for which a run keeps pictures: clean, and those that a report shows."""

_FOLDER = "pictures"
_KNOWN = re.compile(
    r"truth\.png|[^/\\.]+-[0-5]\.png|input/[^/\\.]+-[0-5]\.jpg"
    r"|hardest/[0-9a-f]{12}-(input\.jpg|truth\.png|prediction\.png)"
)


def is_own_picture(path: Path) -> bool:
    """Return whether a picture of a run folder is a regular file that is not behind a link.

    A run folder may come from other people, and reports are shared: a link in it could expose any
    file of this machine.
    """
    for each in (path, *path.parents):
        if each.is_symlink():
            return False
        if each.name == _FOLDER:
            break
    return path.is_file()


@dataclass(frozen=True)
class HardestFiles:
    """Paths of the pictures of one of the hardest images.

    Attributes:
        input: The image, corrupted.
        truth: Its labels.
        prediction: The prediction.
    """

    input: Path
    truth: Path
    prediction: Path


@dataclass(frozen=True)
class PictureFiles:
    """Paths of the pictures of a run.

    Attributes:
        folder: The folder `pictures` of a run folder.
    """

    folder: Path

    @classmethod
    def of_run(cls, run: Path) -> "PictureFiles":
        """Return the paths in a run folder."""
        return cls(run / _FOLDER)

    def kept(self) -> list[Path]:
        """List the existing pictures, sorted: files with known names that are not behind a link."""
        files = (
            path for pattern in ("*", "input/*", "hardest/*") for path in self.folder.glob(pattern)
        )
        return sorted(
            path
            for path in files
            if _KNOWN.fullmatch(path.relative_to(self.folder).as_posix()) and is_own_picture(path)
        )

    @property
    def truth(self) -> Path:
        """The labels of the first image."""
        return self.folder / "truth.png"

    def prediction(self, condition: Condition) -> Path:
        """Return the path of the prediction for the first image under a condition."""
        return self.folder / f"{condition.name}-{condition.severity}.png"

    def input(self, condition: Condition) -> Path:
        """Return the path of the first image under a condition."""
        return self.folder / "input" / f"{condition.name}-{condition.severity}.jpg"

    def of_hardest(self, image: str, condition: Condition) -> HardestFiles:
        """Return the paths of the pictures of one of the hardest images.

        Args:
            image: The image's id.
            condition: The condition of the picture.
        """
        name = f"{image} {condition.name} {condition.severity}"
        stem = self.folder / "hardest" / digest_bytes(name.encode())[:12]
        return HardestFiles(
            Path(f"{stem}-input.jpg"), Path(f"{stem}-truth.png"), Path(f"{stem}-prediction.png")
        )
