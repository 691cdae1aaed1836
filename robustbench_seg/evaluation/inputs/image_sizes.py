"""The sizes of some images of a dataset, and of the part that a network gets at once."""

from collections.abc import Mapping

from robustbench_seg.datasets import EvaluationDataset
from robustbench_seg.errors import DatasetError
from robustbench_seg.records.runs.segmenter_record import SegmenterRecord
from robustbench_seg.records.values.image_size import Size


def sample_sizes(data: EvaluationDataset) -> Mapping[str, Size]:
    """Return height and width of the first, the middle and the last image, by id.

    Images that cannot be read are left out; the evaluation reports them.
    """
    sizes = dict[str, Size]()
    for place in sorted({0, len(data) // 2, len(data) - 1}) if len(data) else ():
        try:
            height, width = data.image(place).shape[:2]
        except DatasetError:
            continue
        sizes[data.ids[place]] = height, width
    return sizes


def scaling_text(name: str, record: SegmenterRecord, sizes: Mapping[str, Size]) -> str | None:
    """Explain that images are scaled for a network that takes only one size.

    Args:
        name: The name of the model.
        record: Its record.
        sizes: Height and width of images, by id.

    Returns:
        One line with both sizes. None: the network takes any size, or has the size of the images or
        of their windows.
    """
    if record.input_size is None:
        return None
    takes = "{}x{}".format(*record.input_size)
    crop = record.inference.crop if record.inference else None
    for image, (height, width) in sizes.items():
        given = (min(crop, height), min(crop, width)) if crop else (height, width)
        if given != record.input_size:
            what = "the windows of smaller images" if crop else "images"
            return (
                f"{name} takes only {takes}, so {what} are scaled to it ({image} has "
                f"{height}x{width}), and its output is scaled back"
            )
    return None
