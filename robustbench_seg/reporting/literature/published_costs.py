"""Cost and accuracy in the SegFormer paper (arXiv 2105.15203, tables 1a, 2 and 4)."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from robustbench_seg.datasets import image_size
from robustbench_seg.records.values.image_size import Size
from robustbench_seg.reporting.literature.published_tables import published_table


@dataclass(frozen=True)
class _Cost:
    """A row of `published_costs`; nan: the table has no value."""

    table: str
    model: str
    dataset: str
    card: str | None
    size: Size | None
    params_m: float = math.nan
    gmacs: float = math.nan
    miou: float = math.nan
    miou_ms: float = math.nan
    images_per_s: float = math.nan


def published_costs() -> pd.DataFrame:
    """Return the rows of the three tables, one for each model and dataset.

    The paper counts ADE20K at 512x512, B5 at 640x640, and Cityscapes at 1024x2048, or at the
    shorter sides of table 2. It does not state the size on COCO-Stuff.

    Returns:
        Columns table; model (as printed, with its encoder); dataset; card (the card of the same
        network; nan if there is none); size (height, width) of the image; params_m (millions, with
        heads that only training uses); gmacs (10^9 multiply-accumulates, which the paper calls
        GFLOPs); images_per_s (FPS in the paper); miou and miou_ms (percent, single and multi
        scale). nan if a table has no value.
    """
    return pd.DataFrame([*_table1a(), *_table2(), *_table4()])


def costs_by_card() -> Mapping[tuple[str, Size], Mapping[str, float]]:
    """Return the published costs of the networks that have a card.

    Returns:
        Maps (card, image size) to params_m, gmacs and images_per_s, without values that no table
        has. If two tables have a value, the first one counts.
    """
    costs = dict[tuple[str, Size], dict[str, float]]()
    for row in published_costs().to_dict("records"):
        if pd.isna(row["card"]):
            continue
        values = {name: row[name] for name in ("params_m", "gmacs", "images_per_s")}
        values = {name: value for name, value in values.items() if not pd.isna(value)}
        key = (row["card"], row["size"])
        costs[key] = values | costs.get(key, {})
    return costs


def _table1a() -> Iterator[_Cost]:
    for row in published_table("segformer_table1a").to_dict("records"):
        side = row["ade20k_side"]
        for dataset, card, size in (
            ("ade20k", row["ade20k_card"], (side, side)),
            ("cityscapes", row["cityscapes_card"], image_size("cityscapes")),
            ("coco_stuff", None, None),
        ):
            yield _Cost(
                "1a",
                row["model"],
                dataset.replace("_", "-"),
                card,
                size,
                params_m=row["encoder_params_m"] + row["decoder_params_m"],
                gmacs=row[f"{dataset}_gflops"],
                miou=row[f"{dataset}_miou_ss"],
                miou_ms=row.get(f"{dataset}_miou_ms", math.nan),
            )


def _table2() -> Iterator[_Cost]:
    # The table mixes evaluations: B4 and B5 at several scales, the real-time models at one.
    for row in published_table("segformer_table2").to_dict("records"):
        multi_scale = row["model"].startswith("SegFormer") and row["group"] == "non-real-time"
        for dataset, aspect in (("ade20k", 1), ("cityscapes", 2)):
            gflops, fps, miou = (row[f"{dataset}_{name}"] for name in ("gflops", "fps", "miou"))
            if pd.isna([gflops, fps, miou]).all():
                continue
            side = row[f"{dataset}_side"]
            yield _Cost(
                "2",
                _with_encoder(row),
                dataset,
                row[f"{dataset}_card"],
                (side, aspect * side),
                params_m=row["params_m"],
                gmacs=gflops,
                miou=math.nan if multi_scale else miou,
                miou_ms=miou if multi_scale else math.nan,
                images_per_s=fps,
            )


def _table4() -> Iterator[_Cost]:
    for row in published_table("segformer_table4").to_dict("records"):
        yield _Cost(
            "4",
            _with_encoder(row),
            "coco-stuff",
            None,
            None,
            params_m=row["params_m"],
            miou=row["coco_stuff_miou"],
        )


def _with_encoder(row: Mapping[Any, Any]) -> str:
    return str(row["model"]) if pd.isna(row["encoder"]) else f"{row['model']} {row['encoder']}"
