"""`transfer`: whether scores on corrupted images predict scores under real conditions."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from robustbench_seg.errors import OptionError
from robustbench_seg.files import own_folder, write_text
from robustbench_seg.records.cards.protocol import Protocol, load_protocol
from robustbench_seg.records.values.choices import Resample
from robustbench_seg.reporting.figures.figure_files import write_figure
from robustbench_seg.reporting.tables.formats import csv
from robustbench_seg.reporting.transfer.correlation_table import (
    TRANSFER_COLUMNS,
    transfer_table,
    transfer_text,
)
from robustbench_seg.reporting.transfer.measured_models import measured_models
from robustbench_seg.reporting.transfer.model_table import ModelTable
from robustbench_seg.reporting.transfer.published_models import published_models
from robustbench_seg.reporting.transfer.scatter_figure import transfer_figure
from robustbench_seg.store import Paths


@dataclass(frozen=True, eq=False)
class Transfer:
    """Models with scores on corrupted and on real images.

    Attributes:
        models: All models; then, if the audit flags some, those that it does not flag.
        resample: The sampling unit of the bootstrap for the table.
    """

    models: Sequence[ModelTable]
    resample: Resample = "models"

    @classmethod
    def of(
        cls,
        synthetic: Paths | None = None,
        real: Paths | None = None,
        *,
        literature: str | None = None,
        protocol: str | Path | Protocol | None = None,
        resample: Resample = "models",
    ) -> "Transfer":
        """Read the models; `transfer` describes the arguments and errors."""
        if literature is not None:
            if synthetic is not None or real is not None or protocol is not None:
                raise OptionError("give runs or a source of the literature, not both")
            return cls(published_models(literature), resample)
        if synthetic is None or real is None:
            raise OptionError("give runs on corrupted and on real images, or a source")
        loaded = None if protocol is None else load_protocol(protocol)
        return cls([measured_models(synthetic, real, loaded)], resample)

    @cached_property
    def table(self) -> pd.DataFrame:
        """Every correlation, with the columns of `transfer`."""
        tables = [transfer_table(models, self.resample) for models in self.models]
        return pd.concat(tables, ignore_index=True)

    @cached_property
    def text(self) -> str:
        """The main correlations, and their limitations."""
        return transfer_text(self.models)

    def write(self, out: Path | str) -> Path:
        """Write transfer.csv, transfer.svg and transfer.png.

        Returns:
            The path of transfer.png.

        Raises:
            FileError: Files with these names exist that are not such output.
        """
        header = ",".join(TRANSFER_COLUMNS[:3])
        folder = own_folder(out, "transfer.csv", header, "transfer.svg", "transfer.png")
        write_text(folder / "transfer.csv", csv(self.table))
        write_figure(transfer_figure(self.models), folder / "transfer")
        return folder / "transfer.png"


def transfer(
    synthetic: Paths | None = None,
    real: Paths | None = None,
    *,
    literature: str | None = None,
    protocol: str | Path | Protocol | None = None,
    resample: Resample = "models",
    out: Path | str | None = None,
) -> pd.DataFrame:
    """Correlate scores on corrupted images with scores under real conditions, over models.

    Args:
        synthetic: Run folders, or folders of them, with clean and corrupted scores.
        real: Run folders, or folders of them, of the same models on real adverse images, such as
            the dataset acdc or muses. The clean scores on the dataset and on each of its subsets
            are predicted; with runs on acdc-ref, also the drops from the references.
        literature: A published table that has both, such as "semsegbench", instead of runs.
        protocol: The protocol for the synthetic runs, and for real runs whose folders contain no
            protocol: a name, TOML file or Protocol. None: that of each run.
        resample: The sampling unit of the bootstrap. Models of one family are not independent, so
            "families" is more cautious.
        out: Folder for transfer.csv and the scatter figure transfer.svg and .png. None: no files
            are written.

    Returns:
        Columns predictor (mean, clean, a category or a corruption), target (such as acdc, acdc_fog
        or acdc_fog_drop), models (their number), pearson and spearman, each with the ends of its 95
        % interval in _low and _high, and partial: Pearson's partial correlation given clean, nan
        for clean itself. A published table with flagged rows gives two sets of rows: first for all
        models, then for those that the audit does not flag.

    Raises:
        ResultsError: A folder contains no run, fewer than three models have both kinds of scores,
            the runs do not fit together, or there is no published table of this name with scores
            under real conditions.
        OptionError: `resample` is unknown; neither or both of runs and a published table are given;
            or a protocol is given for a published table.
        CardError: The protocol is unknown, or its file is invalid.
        FileError: `out` has other files of these names, or cannot be written.

    >>> table = rs.transfer(literature="semsegbench")
    >>> table.loc[0, ["predictor", "target"]].tolist()
    ['mean', 'acdc']
    """
    found = Transfer.of(
        synthetic, real, literature=literature, protocol=protocol, resample=resample
    )
    if out is not None:
        found.write(out)
    return found.table
