"""The images to which a network is adapted."""

from robustbench_seg.datasets import EvaluationDataset, evenly_spaced
from robustbench_seg.records.values.adaptation import ALL, Adaptation
from robustbench_seg.segmenter import NetworkSegmenter, Segmenter, adapt


def clean_segmenter(segmenter: Segmenter, data: EvaluationDataset) -> Segmenter:
    """Adapt a segmenter to the clean images of a dataset, if it was loaded with adapt.

    Args:
        segmenter: Any segmenter.
        data: The scored images.

    Returns:
        The adapted segmenter, or the segmenter itself.

    Raises:
        DatasetError: One of the images cannot be read.
        ModelError: The network cannot be adapted.
    """
    if segmenter.record.adaptation is None or not isinstance(segmenter, NetworkSegmenter):
        return segmenter
    images = [data[place].image for place in adaptation_images(segmenter, data)]
    return adapt(segmenter, images)


def adaptation_images(segmenter: Segmenter, data: EvaluationDataset) -> tuple[int, ...]:
    """Choose evenly spaced images for the statistics, including the first and the last.

    Args:
        segmenter: A segmenter that was loaded with adapt.
        data: The scored images.

    Returns:
        Their indices in the dataset, in ascending order.
    """
    how, count = segmenter.record.adaptation or Adaptation(), len(data)
    return tuple(evenly_spaced(count, count if how.images == ALL else int(how.images)))
