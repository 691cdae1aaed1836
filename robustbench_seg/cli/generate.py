"""robustseg generate-cityscapes-c: a dataset -> its corrupted copies on disk."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from robustbench_seg.cli.shards import shard_option

if TYPE_CHECKING:
    from robustbench_seg.datasets import Dataset
    from robustbench_seg.records.shard import Shard
    from robustbench_seg.trees.generate import Generation, Source


@click.command("generate-cityscapes-c")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Root of the dataset; for Cityscapes it defaults to $CITYSCAPES_DATASET.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write to.",
)
@click.option("--dataset", default="cityscapes", show_default=True, help="Its name or TOML file.")
@click.option("--split", default="val", show_default=True)
@click.option(
    "--corruption",
    "corruptions",
    multiple=True,
    help="Corruption to make; repeatable.  [default: all]",
)
@click.option(
    "--severity",
    "severities",
    multiple=True,
    type=click.IntRange(1, 5),
    help="Severity to make; repeatable.  [default: all]",
)
@click.option(
    "--protocol",
    "protocol_name",
    metavar="P",
    default="cityscapes-c",
    show_default=True,
    help="cityscapes-c, city-c-fan, mpc-15 or a TOML file.",
)
@click.option(
    "--stream", type=click.Choice(["fast", "reference"]), default="fast", show_default=True
)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True)
@click.option("--workers", type=click.IntRange(1), help="Processes.  [default: one per core]")
@click.option(
    "--shard",
    default="1/1",
    metavar="I/N",
    callback=shard_option,
    help="Make only the I-th of N parts of the images; when all are made, verify merges them.",
)
@click.option("--keep-going", is_flag=True, help="Leave out images that cannot be read; exit 1.")
def generate_cityscapes_c(
    data: Path | None,
    out: Path,
    dataset: str,
    split: str,
    corruptions: tuple[str, ...],
    severities: tuple[int, ...],
    protocol_name: str,
    stream: str,
    seed: int,
    workers: int | None,
    shard: "Shard",
    keep_going: bool,
) -> None:
    """Write every image of a dataset under every corruption and severity.

    OUT/<corruption>/<severity>/ has the layout of the dataset itself, with a relative link to its
    labels, so that any tool reads it as the dataset. Images are written as PNG whatever they were:
    a .jpg becomes a .png. OUT/manifest.json comes last, with the digest of every file. minicity,
    which is drawn by the program, is drawn into OUT/clean first.

    Started again, it makes only what is missing; with other corruptions or severities it adds them.
    """
    from robustbench_seg.datasets import open_dataset
    from robustbench_seg.errors import IncompleteError
    from robustbench_seg.machine.progress import progress_bar
    from robustbench_seg.records.protocol import load_protocol
    from robustbench_seg.trees.generate import Generation, generate
    from robustbench_seg.trees.manifest import check_recipe, recipe

    protocol = load_protocol(protocol_name)
    conditions = protocol.conditions(corruptions, severities)
    opened = open_dataset(dataset, data, split)
    name = opened.name
    own: tuple[str, ...] = ()
    check_recipe(out, recipe(protocol, stream, seed, name, split))
    if name == "minicity":
        opened = _draw_minicity(split, out / "clean")
        own = tuple(path.relative_to(out).as_posix() for path in _files(out / "clean"))
    generation = Generation(
        out, _as_sources(opened), conditions, protocol, stream, seed, name, split, own, shard
    )
    workers = workers or _cores()
    missing = _announce(generation, workers)
    # smoothing=0: images arrive in bursts, all variants of a source at once
    with progress_bar(missing, unit="images", smoothing=0) as bar:
        manifest = generate(
            generation,
            workers=workers,
            keep_going=keep_going,
            progress=bar.update,
        )
    if shard.count == 1:
        click.echo(f"{out}: {len(manifest.files)} files, described in {out / 'manifest.json'}")
    else:
        click.echo(
            f"{out}: {len(manifest.files)} files of shard {shard.index} of {shard.count}; when all "
            f"are finished: robustseg verify {out}"
        )
    if manifest.left_out:
        for reason in dict.fromkeys(manifest.left_out.values()):
            click.echo(f"left out: {reason}", err=True)
        raise IncompleteError(
            f"{out}: {len(manifest.left_out)} images were left out, see above; mend their sources "
            "and start again to add them"
        )


def _draw_minicity(split: str, clean: Path) -> "Dataset":
    """Minicity on disk, as the Cityscapes it has the layout of: labels need files to link to."""
    from robustbench_seg.datasets import open_dataset
    from robustbench_seg.datasets.minicity import Minicity, write_minicity

    if len(_files(clean)) < 2 * len(Minicity(split)):  # images and labels
        write_minicity(clean, split)
    return open_dataset("cityscapes", clean, split)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.png") if not path.name.startswith("."))


def _as_sources(dataset: "Dataset") -> "tuple[Source, ...]":
    from functools import partial

    from robustbench_seg.trees.generate import Source

    return tuple(
        Source(name, partial(dataset.image, index), dataset.companions(index))
        for index, name in enumerate(dataset.ids)
    )


def _announce(generation: "Generation", workers: int) -> int:
    """Say what will be done; the number of missing files. CorruptionError for too full a disk."""
    import shutil

    from robustbench_seg.errors import CorruptionError
    from robustbench_seg.trees.space import space_needed

    total = len(generation.mine) * len(generation.conditions)
    missing = sum(1 for _ in generation.missing())
    needed = space_needed(generation)
    folder = generation.out.absolute()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    click.echo(
        f"{generation.dataset} {generation.split}: {len(generation.mine)} images x "
        f"{len(generation.conditions)} conditions = {total} images, {total - missing} of them "
        f"there already; {missing} to make, about {_size(needed)} of {_size(free)} free; "
        f"{workers} at a time"
    )
    if needed > free:
        raise CorruptionError(
            f"{generation.out}: about {_size(needed)} are needed, {_size(free)} are free; choose "
            "another --out, or fewer --corruption and --severity"
        )
    return missing


def _cores() -> int:
    # Of those this process may use, where the system tells (Linux).
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"
