"""`erf`: the effective receptive fields of models, as a table and a figure."""

from collections.abc import Sequence
from pathlib import Path

from robustbench_seg.analysis import ReceptiveFields, measure_fields
from robustbench_seg.codec import check_count
from robustbench_seg.files import check_own, checked_path, write_text
from robustbench_seg.records.values.image_size import check_size
from robustbench_seg.records.values.ranges import IMAGES
from robustbench_seg.reporting.figures.field_figure import field_figure
from robustbench_seg.reporting.figures.figure_files import write_figure
from robustbench_seg.reporting.tables.formats import csv
from robustbench_seg.reporting.tables.receptive_fields import field_table


def erf(
    models: Sequence[str],
    *,
    dataset: str = "cityscapes",
    data: Path | str | None = None,
    split: str = "val",
    images: int = 20,
    size: tuple[int, int] | None = None,
    weights: str | None = None,
    device: str = "cpu",
    out: Path | str | None = None,
    progress: bool = False,
) -> ReceptiveFields:
    """Measure the effective receptive fields of models.

    Args:
        models: Names of model cards, or card files.
        dataset: Name of a dataset, or its TOML file.
        data: Root folder of the dataset.
        split: Split of the dataset.
        images: Number of images, evenly spaced in the split, 1 to 100,000.
        size: Height and width of the central crop, in pixels. None: see measure_fields.
        weights: Weights that replace those of the card, see load_model.
        device: Torch device.
        out: Folder for erf.csv and the figure erf.svg and erf.png. None: no files are written.
        progress: Whether to show a progress bar for each model on stderr.

    Returns:
        The fields, by model and stage.

    Raises:
        RobustsegError: See measure_fields.

    >>> fields = rs.erf(["segformer-b0-minicity"], dataset="minicity", images=1, size=(64, 64))
    >>> list(fields.fields["segformer-b0-minicity"])
    ['stage 1', 'stage 2', 'stage 3', 'stage 4', 'head']
    """
    folder = None if out is None else _own_folder(out)
    check_count("images", images, IMAGES)
    if size is not None:
        check_size(size)
    measured = measure_fields(
        models,
        dataset=dataset,
        data=data,
        split=split,
        images=images,
        size=size,
        weights=weights,
        device=device,
        progress=progress,
    )
    if folder is not None:
        write_text(folder / "erf.csv", csv(field_table(measured)))
        write_figure(field_figure(measured.fields), folder / "erf")
    return measured


def _own_folder(out: Path | str) -> Path:
    """The folder of the files, unless it has files of these names that are of another origin."""
    folder = checked_path(out)
    check_own(folder / "erf.csv", "model,stage,", folder / "erf.svg", folder / "erf.png")
    return folder
