"""What models cost, counted here, with what the paper says of the same networks."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from robustbench_seg.analysis import Cost, count_cost, measure_speed, shape_of
from robustbench_seg.datasets.minicity import SIZE as MINICITY
from robustbench_seg.records.model_card import ModelCard, load_card
from robustbench_seg.reporting.literature.costs import Size, costs_by_card, published_costs
from robustbench_seg.text import text_table

SIZES: Mapping[str, Size] = {
    "cityscapes": (1024, 2048),
    "ade20k": (512, 512),
    "coco-stuff": (512, 512),
    "camvid": (360, 480),
    "minicity": MINICITY,
}
"""Height and width at which a network for a dataset is counted: the literature's; the images' own
where there is none."""

_OTHER = (512, 512)

_HEADS = {
    "params_m": "params M",
    "paper_params_m": "(paper)",
    "gmacs": "GMAC",
    "gmacs_written": "written",
    "paper_gmacs": "(paper)",
    "images_per_s": "images/s",
    "paper_images_per_s": "(paper)",
    "peak_mb": "peak MB",
    "miou": "mIoU",
    "miou_ms": "multi-scale",
}
_FORMATS = {"params_m": "{:.2f}", "peak_mb": "{:.0f}", "images_per_s": "{:.3g}"}


def cost_table(
    models: Iterable[str],
    sizes: Sequence[Size] = (),
    *,
    repeat: int = 0,
    device: str = "cpu",
    precision: str = "float32",
    threads: int | None = None,
) -> pd.DataFrame:
    """A row for each model and size, in order.

    models: names of model cards or card files
    sizes:  heights and widths; none: for each model those that the paper's tables count it at,
            else what it sees of its dataset's images, whose size is in SIZES
    repeat: images to measure time and memory on, by `device`, `precision` and `threads` (see
            measure_speed); 0: neither

    Columns: model, architecture, dataset, classes, size ("1024x2048"), params_m (millions), gmacs
    and gmacs_written (10^9; see Cost), miou (percent: clean, as published or else as measured at
    the end of its training; nan where the card says neither); paper_params_m, paper_gmacs,
    paper_images_per_s (nan where the paper's tables do not say); with `repeat` images_per_s,
    seconds, peak_mb, device, precision, threads.

    Raises ModelError for an unknown card, a size too small, and as measure_speed does.
    """
    how: dict[str, Any] = {"device": device, "precision": precision, "threads": threads}
    published, counts, rows = costs_by_card(), dict[str, Cost](), []
    for model in models:
        card = load_card(model)
        for size in sizes or _usual_sizes(card, list(published)):
            said = published.get((card.name, size), {})
            network = repr((card.architecture, card.classes, card.variant, size))
            if network not in counts:  # many cards are of the same network
                counts[network] = count_cost(shape_of(card), size)
            counted = counts[network]
            row: dict[str, Any] = {
                "model": card.name,
                "architecture": card.architecture,
                "dataset": card.dataset,
                "classes": card.classes,
                "size": f"{size[0]}x{size[1]}",
                "params_m": counted.params / 1e6,
                "paper_params_m": said.get("params_m"),
                "gmacs": counted.macs / 1e9,
                "gmacs_written": counted.macs_written / 1e9,
                "paper_gmacs": said.get("gmacs"),
            }
            if repeat:
                speed = measure_speed(model, size, repeat=repeat, **how)
                row |= {
                    "images_per_s": 1 / speed.seconds,
                    "seconds": speed.seconds,
                    "peak_mb": speed.peak / 1e6,
                    **how,
                }
            row["paper_images_per_s"] = said.get("images_per_s")
            row["miou"] = _clean(card)
            rows.append(row)
    return pd.DataFrame(rows)


def cost_text(table: pd.DataFrame) -> str:
    """A table of cost_table as text; columns without any number are left out."""
    return _text(table, ["model", "classes", "size"])


def others_text() -> str:
    """The published costs of networks that have no card, as text."""
    published = published_costs()
    return _text(published[published["card"].isna()], ["table", "model", "dataset"])


def _text(table: pd.DataFrame, names: Sequence[str]) -> str:
    numbers = [name for name in _HEADS if name in table and table[name].notna().any()]
    rows = [[*names, *(_HEADS[name] for name in numbers)]]
    for record in table.to_dict("records"):
        cells = [
            "-" if pd.isna(record[name]) else _FORMATS.get(name, "{:.1f}").format(record[name])
            for name in numbers
        ]
        rows.append([*(str(record[name]) for name in names), *cells])
    left = [place for place, name in enumerate(names) if name in ("table", "model", "dataset")]
    return text_table(rows, left)


def _clean(card: ModelCard) -> float | None:
    if card.published:
        return card.published.miou
    return card.training.miou if card.training else None


def _usual_sizes(card: ModelCard, published: Sequence[tuple[str, Size]]) -> list[Size]:
    told = [size for name, size in published if name == card.name]
    size = SIZES.get(card.dataset, _OTHER)
    return told or [card.resize.size(*size) if card.resize else size]
