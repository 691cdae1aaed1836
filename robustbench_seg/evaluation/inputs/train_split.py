"""The train split of a dataset, for images that are not scored."""

import logging

from robustbench_seg.datasets import Dataset, EvaluationDataset, open_dataset
from robustbench_seg.errors import RobustsegError
from robustbench_seg.records.specs.evaluation_spec import EvaluationSpec

log = logging.getLogger(__name__)


def unscored_train_split(
    spec: EvaluationSpec, data: EvaluationDataset, purpose: str
) -> Dataset | None:
    """Open the train split of the scored dataset.

    Args:
        spec: The specification, which names the dataset and its root folder.
        data: The scored split.
        purpose: The purpose of the split, for the log.

    Returns:
        The train split. None: it cannot be opened, or has other classes or scored images.
    """
    if data.split == "train":
        return None
    try:
        train = open_dataset(spec.dataset, spec.data, "train")
    except RobustsegError as error:
        log.info("there is no train split %s: %s", purpose, error)
        return None
    fits = tuple(train.classes) == tuple(data.classes) and len(train) > 0
    return train if fits and not set(train.ids) & set(data.ids) else None
