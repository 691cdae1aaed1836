"""robustseg erf: which pixels the middle of an image is seen by, stage by stage."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from robustbench_seg.cli import options

if TYPE_CHECKING:
    from robustbench_seg.datasets import Dataset
    from robustbench_seg.records.model_card import ModelCard

LARGEST, MULTIPLE = 1024, 64
"""Of the default crop: SegFormer's own window, and what makes all stages share one centre."""


@click.command()
@options.models(required=True)
@options.data()
@options.dataset()
@options.split()
@click.option(
    "--images",
    metavar="N",
    type=click.IntRange(1),
    default=20,
    show_default=True,
    help="How many, spread evenly over the split.",
)
@options.size(
    help="Size of the crop from the middle.  [default: the largest that fits, to 1024x1024]"
)
@options.weights()
@options.device()
@options.out(default=Path("erf"), help="Folder of erf.csv, erf.svg and erf.png.")
def erf(
    models: tuple[str, ...],
    data: Path | None,
    dataset: str,
    split: str,
    images: int,
    size: tuple[int, int] | None,
    weights: str | None,
    device: str,
    out: Path,
) -> None:
    """Measure the effective receptive fields of models: for each stage, and for the head.

    How much each pixel moves the unit in the middle (|gradient|, mean over images), as a figure
    like figure 3 of the SegFormer paper, and as the radii that hold 50 % and 95 % of it.
    """
    if len(models) > 1 and weights not in (None, "none"):
        raise click.UsageError("--weights goes with a single --model")

    import pandas as pd

    from robustbench_seg.analysis import central_crop, effective_fields, encoder_stages
    from robustbench_seg.datasets import open_dataset
    from robustbench_seg.errors import ModelError
    from robustbench_seg.files import write_text
    from robustbench_seg.machine.hardware import check_device
    from robustbench_seg.machine.progress import progress_bar
    from robustbench_seg.records.model_card import load_card
    from robustbench_seg.reporting.figures.fields import field_figure
    from robustbench_seg.reporting.figures.plots import write_figure
    from robustbench_seg.segmenter import load_model

    for model in models:
        if model.startswith(("hf:", "onnx:", "python:")):
            raise ModelError(f"{model}: its stages are not known; erf takes models with a card")
    cards = {model: load_card(model) for model in models}
    names = [cards[model].name for model in models]
    if len(set(names)) < len(names):
        raise ModelError(
            f"two models are called {max(names, key=names.count)}; measure them apart, or give one "
            "card a name of its own"
        )
    check_device(device)
    seen = open_dataset(dataset, data, split)
    size = size or _default_size(seen, list(cards.values()))
    count = min(images, len(seen))
    fields, rows = {}, []
    for model, card in cards.items():
        network = load_model(model, weights=weights).to(device)
        name = card.name + ("-untrained" if weights == "none" else "")
        with progress_bar(count, iterable=range(count), desc=name) as bar:
            fields[name] = effective_fields(
                network,
                encoder_stages(network),
                (central_crop(seen.image(i * len(seen) // count), card, size, device) for i in bar),
            )
        for stage, field in fields[name].items():
            radii = {"radius50": field.radius(0.5), "radius95": field.radius(0.95)}
            shares = {f"{key}_share": value / min(size) for key, value in radii.items()}
            crop = {"images": count, "height": size[0], "width": size[1]}
            rows.append({"model": name, "stage": stage, **radii, **shares, **crop})
    table = pd.DataFrame(rows)
    write_text(out / "erf.csv", table.to_csv(index=False, float_format="%.4f"))
    write_figure(field_figure(fields), out / "erf")
    click.echo(
        f"radii in pixels that hold 50 % and 95 % of the energy, and their share of {min(size)}, "
        f"the shorter side of the crop of {size[0]}x{size[1]}; {count} images of {seen.name} "
        f"{split}"
    )
    shown = table.drop(columns=["images", "height", "width"])
    click.echo(shown.to_string(index=False, float_format=lambda value: f"{value:.2f}"))
    click.echo(f"\n{out / 'erf.png'}")


def _default_size(dataset: "Dataset", cards: "list[ModelCard]") -> tuple[int, int]:
    """The largest crop that fits the dataset's first image as every card's network sees it."""
    from robustbench_seg.analysis import seen_size

    height, width, _ = dataset.image(0).shape
    heights, widths = zip(*(seen_size((height, width), card) for card in cards), strict=True)
    height, width = (
        min(LARGEST, max(side // MULTIPLE * MULTIPLE, MULTIPLE))
        for side in (min(heights), min(widths))
    )
    return height, width
