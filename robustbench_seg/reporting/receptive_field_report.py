"""`erf`: the effective receptive fields of models, as a table and a figure."""

from collections.abc import Sequence
from pathlib import Path
from typing import Unpack

from robustbench_seg.analysis import ReceptiveFields, measure_fields
from robustbench_seg.files import own_folder, write_text
from robustbench_seg.records.specs.receptive_field_spec import (
    ReceptiveFieldOptions,
    receptive_field_spec,
)
from robustbench_seg.reporting.figures.field_figure import field_figure
from robustbench_seg.reporting.figures.figure_files import write_figure
from robustbench_seg.reporting.tables.formats import csv
from robustbench_seg.reporting.tables.receptive_fields import field_table


def erf(
    models: str | Path | Sequence[str | Path],
    *,
    out: Path | str | None = None,
    progress: bool = False,
    **options: Unpack[ReceptiveFieldOptions],
) -> ReceptiveFields:
    """Measure the effective receptive fields of models.

    Args:
        models: Names of model cards, or card files.
        out: Folder for erf.csv and the figure erf.svg and erf.png. None: no files are written.
        progress: Whether to show a progress bar for each model on stderr.
        **options: `dataset` (name or TOML file; default cityscapes), `data` (its root folder),
            `split` (default val), `images` (their number, evenly spaced in the split, 1 to 100,000;
            default 20), `size` (height and width of the central crop in pixels; default the largest
            multiple of 64, up to 1024x1024, that fits), `weights` (in place of those of the card,
            see load_model) and `device`.

    Returns:
        The fields, by model and stage.

    Raises:
        ModelError: A model has no card, or two models have the same name.
        OptionError: An option or the device does not exist, or a number is out of range.
        DatasetError: The dataset does not exist, or its images are smaller than the crop.
        WeightsError: Weights do not exist, or do not fit.
        FileError: The folder has files of these names that are not such output.

    >>> fields = rs.erf(["segformer-b0-minicity"], dataset="minicity", images=1, size=(64, 64))
    >>> list(fields.fields["segformer-b0-minicity"])
    ['stage 1', 'stage 2', 'stage 3', 'stage 4', 'head']
    """
    figures = ("erf.svg", "erf.png")
    folder = None if out is None else own_folder(out, "erf.csv", "model,stage,", *figures)
    measured = measure_fields(receptive_field_spec(models, **options), progress=progress)
    if folder is not None:
        write_text(folder / "erf.csv", csv(field_table(measured)))
        write_figure(field_figure(measured.fields), folder / "erf")
    return measured
