"""What the SegFormer paper says of cost and accuracy (arXiv 2105.15203, tables 1a, 2 and 4)."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from robustbench_seg.reporting.literature.published import published_table

Size = tuple[int, int]

_CARDS: Mapping[tuple[str, str], tuple[str, int]] = {
    ("DeepLabV3+", "MobileNetV2"): ("deeplabv3plus-mobilenetv2-openmmlab", 1024),
    ("DeepLabV3+", "ResNet-101"): ("deeplabv3plus-r101-openmmlab", 1024),
    ("SegFormer (short side 1024)", "MiT-B0"): ("segformer-b0", 1024),
    ("SegFormer (short side 768)", "MiT-B0"): ("segformer-b0-768", 768),
    ("SegFormer (short side 640)", "MiT-B0"): ("segformer-b0-640", 640),
    ("SegFormer (short side 512)", "MiT-B0"): ("segformer-b0-512", 512),
    ("SegFormer", "MiT-B4"): ("segformer-b4", 1024),
    ("SegFormer", "MiT-B5"): ("segformer-b5", 1024),
}
"""Cards of the networks of table 2, and the short side of the Cityscapes image there."""


def published_costs() -> pd.DataFrame:
    """The rows of the three tables, one for each model and dataset.

    Columns: table, model (as printed, with its encoder), dataset, card (the name of the card of
    the same network; nan where there is none), size (height, width) of the image, params_m
    (millions, with heads that only training uses), gmacs (10^9 multiply-accumulates, called GFLOPs
    there), images_per_s (called FPS), miou and miou_ms (percent, single and multi scale). nan where
    a table says nothing. ADE20K is counted at 512x512, B5 at 640x640; Cityscapes at 1024x2048, and
    at shorter sides where table 2 says so; the size on COCO-Stuff is not said.
    """
    return pd.DataFrame([*_table1a(), *_table2(), *_table4()])


def costs_by_card() -> Mapping[tuple[str, Size], dict[str, float]]:
    """What the tables say of a card's network on an image of a size.

    Of params_m, gmacs and images_per_s those that are said; the first table that says one counts.
    """
    known = dict[tuple[str, Size], dict[str, float]]()
    for row in published_costs().to_dict("records"):
        if pd.isna(row["card"]):
            continue
        said = {name: row[name] for name in ("params_m", "gmacs", "images_per_s")}
        said = {name: value for name, value in said.items() if not pd.isna(value)}
        known[row["card"], row["size"]] = said | known.get((row["card"], row["size"]), {})
    return known


def _table1a() -> list[dict[str, Any]]:
    rows = []
    for row in published_table("segformer_table1a").to_dict("records"):
        name = str(row["model"])
        size = name[-2:].lower()
        side = 640 if size == "b5" else 512
        for dataset, card, image in (
            ("ade20k", f"segformer-{size}-ade20k", (side, side)),
            ("cityscapes", f"segformer-{size}", (1024, 2048)),
            ("coco_stuff", None, None),
        ):
            rows.append(
                {
                    "table": "1a",
                    "model": name,
                    "dataset": dataset.replace("_", "-"),
                    "card": card,
                    "size": image,
                    "params_m": row["encoder_params_m"] + row["decoder_params_m"],
                    "gmacs": row[f"{dataset}_gflops"],
                    "miou": row[f"{dataset}_miou_ss"],
                    "miou_ms": row.get(f"{dataset}_miou_ms"),
                }
            )
    return rows


def _table2() -> list[dict[str, Any]]:
    # The table mixes: B4 and B5 are scored at several scales, the real-time half at one.
    rows = []
    for row in published_table("segformer_table2").to_dict("records"):
        card, side = _CARDS.get((row["model"], row["encoder"]), (None, 1024))
        ours = str(row["model"]).startswith("SegFormer")
        several = ours and row["group"] == "non-real-time"
        ade20k = f"{card}-ade20k" if card and ours else None
        for dataset, its_card, image in (
            ("ade20k", ade20k, (640, 640) if row["encoder"] == "MiT-B5" else (512, 512)),
            ("cityscapes", card, (side, 2 * side)),
        ):
            facts = {name: row[f"{dataset}_{name}"] for name in ("gflops", "fps", "miou")}
            if pd.isna(list(facts.values())).all():
                continue
            rows.append(
                {
                    "table": "2",
                    "model": _with_encoder(row),
                    "dataset": dataset,
                    "card": its_card,
                    "size": image,
                    "params_m": row["params_m"],
                    "gmacs": facts["gflops"],
                    "images_per_s": facts["fps"],
                    "miou_ms" if several else "miou": facts["miou"],
                }
            )
    return rows


def _table4() -> list[dict[str, Any]]:
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


def _with_encoder(row: dict[Any, Any]) -> str:
    return str(row["model"]) if pd.isna(row["encoder"]) else f"{row['model']} {row['encoder']}"
