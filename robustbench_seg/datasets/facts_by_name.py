"""The facts of a dataset, by its name and without its files, or of an open one."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from robustbench_seg.datasets.classes.facts import DatasetFacts
from robustbench_seg.datasets.custom import read_description
from robustbench_seg.datasets.registry import DATASETS, NAMES, dataset_entry
from robustbench_seg.datasets.splits.dataset import LabelledSamples


def described_facts(name: str | Path) -> DatasetFacts:
    """Look up the classes of a dataset and the meaning of its label ids, without its files.

    Args:
        name: One of DATASETS, or the path of a TOML file.

    Returns:
        The facts.

    Raises:
        DatasetError: The name is unknown.
        CardError: The TOML file cannot be read or is wrong.
    """
    if str(name).endswith(".toml"):
        return read_description(Path(name))
    return dataset_entry(str(name), NAMES).facts


def built_in_facts(name: str, classes: Sequence[str]) -> DatasetFacts | None:
    """Look up the facts of a dataset that has certain classes.

    Args:
        name: Name of a dataset, of any origin.
        classes: Its class names, in the order of the class indices.

    Returns:
        The facts. None if none of DATASETS has this name and these classes.
    """
    entry = DATASETS.get(name)
    return entry.facts if entry and entry.facts.classes == tuple(classes) else None


def facts_of(dataset: LabelledSamples) -> DatasetFacts | None:
    """Look up the facts of an open dataset.

    Args:
        dataset: The dataset.

    Returns:
        Its attribute `facts`. If it has none, those of the built-in dataset with its name and its
        classes; None if there is no such dataset.
    """
    facts = getattr(dataset, "facts", None)
    if isinstance(facts, DatasetFacts):
        return facts
    return built_in_facts(dataset.name, dataset.classes)


def class_names(name: str) -> tuple[str, ...]:
    """Look up the class names of a dataset. The dataset's files are not needed.

    Args:
        name: One of DATASETS.

    Returns:
        Class names, in the order of the class indices.

    Raises:
        DatasetError: The name is unknown.

    >>> rs.class_names("camvid")[:3]
    ('sky', 'building', 'pole')
    """
    return dataset_entry(name).facts.classes


def class_groups(name: str) -> Mapping[str, tuple[str, ...]]:
    """Look up the groups of a dataset's classes.

    Args:
        name: One of DATASETS.

    Returns:
        Maps names of groups to class names. Empty if the dataset has no groups.

    Raises:
        DatasetError: The name is unknown.

    >>> rs.class_groups("cityscapes")["human"]
    ('person', 'rider')
    """
    return dataset_entry(name).facts.groups


def image_size(name: str) -> tuple[int, int] | None:
    """Look up the image size at which the literature counts the operations of a dataset's networks.

    Args:
        name: One of DATASETS, or the path of a TOML file.

    Returns:
        Height and width in pixels. None if the dataset is unknown, its file does not exist, or the
        file has no image size.

    Raises:
        CardError: The TOML file cannot be read or is wrong.
    """
    if name.endswith(".toml"):
        return read_description(Path(name)).image_size if Path(name).is_file() else None
    entry = DATASETS.get(name)
    return entry.facts.image_size if entry else None


def published_images(name: str) -> int | None:
    """Look up the number of images in a dataset's split val on which scores are published.

    Args:
        name: Name of a dataset, of any origin.

    Returns:
        Number of images. None if the program does not know the dataset or the number.
    """
    entry = DATASETS.get(name)
    return entry.facts.val_images if entry else None
