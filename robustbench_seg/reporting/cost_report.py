"""`cost`: the cost of one image for each model, as a table and a figure."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Unpack

import pandas as pd

from robustbench_seg.analysis import Cost, count_cost, measure_speed, meta_network
from robustbench_seg.datasets import image_size
from robustbench_seg.files import own_folder, write_text
from robustbench_seg.machine.progress import progress_bar
from robustbench_seg.records.cards.model_card import ModelCard, list_models, load_card
from robustbench_seg.records.specs.spec_values import as_tuple, spec_values
from robustbench_seg.records.specs.speed_spec import SpeedOptions, SpeedSpec
from robustbench_seg.records.values.image_size import Size, check_size
from robustbench_seg.reporting.figures.figure_files import write_figure
from robustbench_seg.reporting.figures.size_figure import size_figure
from robustbench_seg.reporting.literature.published_costs import costs_by_card, published_costs
from robustbench_seg.reporting.tables.formats import csv

DEFAULT_SIZE: Size = (512, 512)
"""The image size for a dataset whose TOML file states none."""

_OTHERS = ("published.csv", "size.svg", "size.png")
"""The files next to cost.csv."""


def cost(
    models: str | Path | Sequence[str | Path] = (),
    sizes: Sequence[Size] = (),
    *,
    out: Path | str | None = None,
    progress: bool = False,
    **options: Unpack[SpeedOptions],
) -> pd.DataFrame:
    """Tabulate parameters and multiply-accumulates of models, with those of the SegFormer paper.

    Args:
        models: Names of model cards, or card files. Empty: every card.
        sizes: Heights and widths of the image, in pixels. Empty: the sizes in the tables of the
            paper, or else the input size of the network on its dataset.
        out: Folder for cost.csv, published.csv and the figure size.svg and size.png. None: no
            files are written.
        progress: Whether to show a progress bar on stderr.
        **options: How to measure time and memory: `repeat` (number of images, 0 to 10,000; default
            0: no measurement), `device`, `precision` ("float32", "bf16" or "fp16") and `threads`
            (CPU threads, 1 to 1024; default: the default of torch).

    Returns:
        A row for each model and size, in order. Columns model, architecture, dataset, classes, size
        (such as "1024x2048"), params_m (millions), gmacs and gmacs_written (10^9; see Cost);
        paper_params_m, paper_gmacs and paper_images_per_s (nan if the paper has none); miou (clean,
        in percent, as published or as measured at the end of the training; nan if the card has
        neither); with `repeat` images_per_s, seconds, peak_mb, device, precision and threads.

    Raises:
        OptionError: An option does not exist or has no such value, or a size is out of range.
        ModelError: A card is unknown, or a model cannot be measured.

    >>> table = rs.cost(["segformer-b0"], [(1024, 2048)])
    >>> table[["params_m", "gmacs"]].round(1).values.tolist()
    [[3.7, 86.6]]
    """
    folder = None if out is None else own_folder(out, "cost.csv", "model,architecture,", *_OTHERS)
    speed_spec = SpeedSpec(**spec_values(SpeedSpec, options, "option of cost"))
    given = [str(model) for model in as_tuple(models)]
    for model in given:
        load_card(model)  # report an unknown one before the first is counted
    names = given or list_models()
    for size in as_tuple(sizes):
        check_size(size)
    with progress_bar(
        len(names), iterable=names, unit="model", desc="cost", disable=not progress
    ) as bar:
        table = pd.DataFrame(_rows(bar, sizes, speed_spec))
    if folder is not None:
        write_text(folder / "cost.csv", csv(table, float_format=None))
        write_text(folder / "published.csv", csv(published_costs(), float_format=None))
        write_figure(size_figure(table), folder / "size")
    return table


_Row = Mapping[str, float | str | None]


def _measured(model: str, size: Size, spec: SpeedSpec) -> _Row:
    """The columns of a measurement; none without one."""
    if not spec.repeat:
        return {}
    speed = measure_speed(model, size, spec)
    return {
        "images_per_s": 1 / speed.seconds,
        "seconds": speed.seconds,
        "peak_mb": speed.peak / 1e6,
        "device": spec.device,
        "precision": spec.precision,
        "threads": spec.threads,
    }


def _rows(models: Iterable[str], sizes: Sequence[Size], spec: SpeedSpec) -> list[_Row]:
    """A row for each model and size."""
    paper_costs, counts = costs_by_card(), dict[str, Cost]()
    rows = list[_Row]()
    for model in models:
        card = load_card(model)
        for size in sizes or _usual_sizes(card, list(paper_costs)):
            network = repr((card.architecture, card.classes, card.variant, size))
            if network not in counts:  # many cards are of the same network
                counts[network] = count_cost(meta_network(card), size)
            paper = paper_costs.get((card.name, size), {})
            measured = _measured(model, size, spec)
            rows.append(_row(card, size, counts[network], paper, measured))
    return rows


def _row(
    card: ModelCard, size: Size, count: Cost, paper: Mapping[str, float], measured: _Row
) -> _Row:
    """A row; `paper` and `measured`: what the paper states and what was measured, if anything."""
    return {
        "model": card.name,
        "architecture": card.architecture,
        "dataset": card.dataset,
        "classes": card.classes,
        "size": f"{size[0]}x{size[1]}",
        "params_m": count.params / 1e6,
        "paper_params_m": paper.get("params_m"),
        "gmacs": count.macs / 1e9,
        "gmacs_written": count.macs_written / 1e9,
        "paper_gmacs": paper.get("gmacs"),
        **measured,
        "paper_images_per_s": paper.get("images_per_s"),
        "miou": _clean_miou(card),
    }


def _clean_miou(card: ModelCard) -> float | None:
    if card.published:
        return card.published.miou
    return card.training.miou if card.training else None


def _usual_sizes(card: ModelCard, paper: Sequence[tuple[str, Size]]) -> list[Size]:
    paper_sizes = [size for name, size in paper if name == card.name]
    size = image_size(card.dataset) or DEFAULT_SIZE
    return paper_sizes or [card.resize.size(*size) if card.resize else size]
