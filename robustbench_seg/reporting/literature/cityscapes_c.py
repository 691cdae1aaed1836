"""The published scores on Cityscapes-C, and what they were measured on."""

import pandas as pd

from robustbench_seg.reporting.literature.published import published_table

CITATION = (
    "Xie et al., SegFormer (arXiv 2105.15203, NeurIPS 2021), Table 5: Cityscapes val, 500 images, "
    "mIoU in percent, noise scored at severities 1 to 3 and the rest at 1 to 5. All rows but "
    "SegFormer-B5 are, as that paper reports them, from Kamann and Rother (arXiv 1908.05005)."
)
DATASET, SPLIT, PROTOCOL, IMAGES = "cityscapes", "val", "cityscapes-c", 500
"""What the published models were scored on."""

EXTENT = f"all {IMAGES} images of {DATASET} {SPLIT} under {PROTOCOL}"
"""The same, in words."""


def ranks_beside(dataset: str, split: str, protocol: str, images: int) -> bool:
    """Tell whether the published models were scored on these images under this protocol."""
    return (dataset, split, protocol, images) == (DATASET, SPLIT, PROTOCOL, IMAGES)


def published_scores() -> pd.DataFrame:
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
