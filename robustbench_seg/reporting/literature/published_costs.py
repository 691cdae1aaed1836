"""Cost and accuracy in the SegFormer paper (arXiv 2105.15203, tables 1a, 2 and 4)."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from robustbench_seg.records.values.image_size import Size
from robustbench_seg.reporting.literature.published_tables import published_table

CITYSCAPES_SIZE: Size = (1024, 2048)
"""The image size at which the paper counts for Cityscapes, where it states no other."""


def published_costs() -> pd.DataFrame:
    """Return the rows of the three tables, one for each model and dataset.

    The paper counts ADE20K at 512x512, B5 at 640x640, and Cityscapes at 1024x2048, or at the
    shorter sides of table 2. It does not state the size on COCO-Stuff.

    Returns:
        Columns table; model (as printed, with its encoder); dataset; card (the card of the same
        network; nan if there is none); size (height, width) of the image; params_m (millions,
        with heads that only training uses); gmacs (10^9 multiply-accumulates, which the paper
        calls GFLOPs); images_per_s (FPS in the paper); miou and miou_ms (percent, single and multi
        scale). nan where a table has no value.
    """
    return pd.DataFrame([*_table1a(), *_table2(), *_table4()])


def costs_by_card() -> Mapping[tuple[str, Size], Mapping[str, float]]:
    """Return the published costs of the networks that have a card.

    Returns:
        (card, image size) -> params_m, gmacs and images_per_s, without those that no table has.
        Where two tables have a value, the first one counts.
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


def _table1a() -> Sequence[Mapping[str, object]]:
    rows = []
    for row in published_table("segformer_table1a").to_dict("records"):
        side = row["ade20k_side"]
        for dataset, card, size in (
            ("ade20k", row["ade20k_card"], (side, side)),
            ("cityscapes", row["cityscapes_card"], CITYSCAPES_SIZE),
            ("coco_stuff", None, None),
        ):
            rows.append(
                {
                    "table": "1a",
                    "model": row["model"],
                    "dataset": dataset.replace("_", "-"),
                    "card": card,
                    "size": size,
                    "params_m": row["encoder_params_m"] + row["decoder_params_m"],
                    "gmacs": row[f"{dataset}_gflops"],
                    "miou": row[f"{dataset}_miou_ss"],
                    "miou_ms": row.get(f"{dataset}_miou_ms"),
                }
            )
    return rows


def _table2() -> Sequence[Mapping[str, object]]:
    # The table mixes: B4 and B5 are scored at several scales, the real-time half at one.
    rows = []
    for row in published_table("segformer_table2").to_dict("records"):
        multi_scale = row["model"].startswith("SegFormer") and row["group"] == "non-real-time"
        for dataset, aspect in (("ade20k", 1), ("cityscapes", 2)):
            values = {name: row[f"{dataset}_{name}"] for name in ("gflops", "fps", "miou")}
            if pd.isna(list(values.values())).all():
                continue
            card, side = row[f"{dataset}_card"], row[f"{dataset}_side"]
            rows.append(
                {
                    "table": "2",
                    "model": _with_encoder(row),
                    "dataset": dataset,
                    "card": card,
                    "size": (side, aspect * side),
                    "params_m": row["params_m"],
                    "gmacs": values["gflops"],
                    "images_per_s": values["fps"],
                    "miou_ms" if multi_scale else "miou": values["miou"],
                }
            )
    return rows


def _table4() -> Sequence[Mapping[str, object]]:
    return [
        {
            "table": "4",
            "model": _with_encoder(row),
            "dataset": "coco-stuff",
            "card": None,
            "size": None,
            "params_m": row["params_m"],
            "miou": row["coco_stuff_miou"],
        }
        for row in published_table("segformer_table4").to_dict("records")
    ]


def _with_encoder(row: Mapping[Any, Any]) -> str:
    return str(row["model"]) if pd.isna(row["encoder"]) else f"{row['model']} {row['encoder']}"
