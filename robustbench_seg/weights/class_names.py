"""The names of a network's classes in the config.json that transformers saves beside weights."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from robustbench_seg.errors import WeightsError
from robustbench_seg.weights.finding import IN_FOLDER

CONFIG = "config.json"


def classes_beside(weights: Path) -> tuple[str, ...] | None:
    """Read the names of the classes from the configuration beside a weight file.

    Args:
        weights: The file that find_weights returns.

    Returns:
        The names, in the order of the logits. None: there is no such configuration, or it has no
        names but those that transformers makes up (LABEL_0, ...).

    Raises:
        WeightsError: The configuration cannot be read, or does not number its classes from 0.
    """
    path = weights.with_name(CONFIG)
    if weights.name not in IN_FOLDER or not path.is_file():
        return None
    try:
        content: Any = json.loads(path.read_bytes())
        given: Mapping[str, Any] | None = content.get("id2label")
        names = {int(key): str(name) for key, name in given.items()} if given else {}
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise WeightsError(
            f"{path}: the names of the classes (id2label) cannot be read; mend it or remove it"
        ) from error
    if sorted(names) != list(range(len(names))):
        raise WeightsError(
            f"{path}: id2label has the ids {sorted(names)[:4]}..., not 0 to {len(names) - 1}; "
            "number the classes in the order of the logits"
        )
    if all(name == f"LABEL_{index}" for index, name in names.items()):
        return None
    return tuple(names[index] for index in range(len(names)))
