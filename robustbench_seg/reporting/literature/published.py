"""Published tables: numbers of papers, kept as CSV files in `reports/published/`."""

from importlib import resources

import pandas as pd

from robustbench_seg.errors import ResultsError, unknown

CITATION = (
    "Xie et al., SegFormer (arXiv 2105.15203, NeurIPS 2021), Table 5: Cityscapes val, 500 images, "
    "mIoU in percent, noise scored at severities 1 to 3 and the rest at 1 to 5. All rows but "
    "SegFormer-B5 are, as that paper reports them, from Kamann and Rother (arXiv 1908.05005)."
)
DATASET, SPLIT, PROTOCOL, IMAGES = "cityscapes", "val", "cityscapes-c", 500
"""What the published models were scored on."""


def ranks_beside(dataset: str, split: str, protocol: str) -> bool:
    """Tell whether the published models were scored on this split under this protocol."""
    return (dataset, split, protocol) == (DATASET, SPLIT, PROTOCOL)


def published_table(name: str) -> pd.DataFrame:
    """Read a table of `reports/published/`, with its cells as printed.

    Args:
        name: The file's name without suffix.

    Raises:
        ResultsError: There is no table of that name.
    """
    folder = resources.files("robustbench_seg.content.reports") / "published"
    names = sorted(file.name.removesuffix(".csv") for file in folder.iterdir())
    if name not in names:
        raise ResultsError(unknown("published table", name, names))
    with (folder / f"{name}.csv").open(encoding="utf-8") as file:
        return pd.read_csv(file)


def cityscapes_c() -> pd.DataFrame:
    """Return the thirteen published models on Cityscapes-C, as rows of `tables/miou.csv`.

    mean and retention (percent) are computed from the printed cells, because the paper prints
    neither.
    """
    table = published_table("cityscapes_c")
    cells = table.columns.drop(["model", "clean"])
    table["mean"] = table[cells].mean(axis=1)
    table["retention"] = 100 * table["mean"] / table["clean"]
    facts: list[tuple[str, str | int]] = [
        ("source", "published"),
        ("dataset", DATASET),
        ("split", SPLIT),
        ("protocol", PROTOCOL),
        ("images", IMAGES),
    ]
    for place, (name, value) in enumerate(facts, start=1):
        table.insert(place, name, value)
    return table
