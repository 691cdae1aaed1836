"""robustseg corruptions: list or draw the corruptions of a protocol."""

from pathlib import Path

import click

from robustbench_seg.cli import parsers, shared_options
from robustbench_seg.errors import OptionError
from robustbench_seg.records.specs.evaluation_spec import EvaluationSpec


@click.command()
@shared_options.protocol(
    "names",
    multiple=True,
    default=(EvaluationSpec.protocol,),
    help="PROTOCOLS or a TOML file; repeatable. The preview shows each corruption once.",
)
@click.option(
    "--preview",
    "photo",
    metavar="PHOTO",
    type=parsers.PATH,
    help="Draw this photo under every corruption and severity. The corruptions see the "
    "photo at full size; the picture shows it at most 320 pixels wide.",
)
@shared_options.out(
    metavar="FILE",
    type=parsers.PATH,
    help="Path of the picture.  [default: corruptions.png]",
)
@shared_options.seed()
@shared_options.threads(
    default=1,
    show_default=True,
    help="CPU threads per corruption; the picture does not depend on their number.",
)
def corruptions(
    names: tuple[str, ...], photo: Path | None, out: Path | None, seed: int, threads: int
) -> None:
    """List the corruptions of a protocol with their parameters, or draw them."""
    from robustbench_seg.records.cards.card_tables import protocol_text
    from robustbench_seg.records.cards.protocol import load_protocol, merged

    protocols = [load_protocol(name) for name in names]
    if photo is None and out is not None:
        raise click.UsageError("--out is the path of the preview; also give --preview PHOTO")
    if photo is None:
        click.echo("\n\n".join(map(protocol_text, protocols)))
        return

    from robustbench_seg.corruption.preview import write_preview
    from robustbench_seg.datasets import read_image

    if not photo.exists():
        raise OptionError(f"--preview {photo}: no such file; give the path of a photo")
    out = out or Path("corruptions.png")
    pixels = read_image(photo, apply_orientation=True)
    write_preview(pixels, merged(protocols), out, seed, threads)
    click.echo(out)
