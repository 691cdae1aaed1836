"""The content folders that setup.cfg installs: models, corruptions, datasets and reports."""

from importlib import resources
from pathlib import Path


def content_folder(name: str) -> Path:
    """Return a content folder, such as that of "models"."""
    return Path(str(resources.files(f"robustbench_seg.content.{name}")))


def toml_names(folder: Path) -> tuple[str, ...]:
    """List the TOML files of a folder by their names without suffix, sorted."""
    return tuple(sorted(path.stem for path in folder.glob("*.toml")))
