"""robustseg models: a line for each card, as the card says it."""

import tomllib
from pathlib import Path

from click.testing import CliRunner

from robustbench_seg.cli.main import main

CARDS = Path(__file__).parents[2] / "models"


def test_every_card_is_listed_as_its_file_says():
    result = CliRunner().invoke(main, ["models"])
    assert result.exit_code == 0, result.output
    head, *lines = result.stdout.splitlines()
    places = [head.index(name) for name in ("model", "classes of", "weights", "inference", "clean")]
    ends = [*places[1:], None]
    shown = [
        tuple(line[start:end].strip() for start, end in zip(places, ends, strict=True))
        for line in lines
    ]
    wanted = []
    for path in sorted(CARDS.glob("*.toml"), key=lambda path: path.stem):
        card = tomllib.loads(path.read_text())
        source, mode, said = card["weights"]["source"], card["inference"], card.get("published")
        how = f"slide {mode['crop']}/{mode['stride']}" if mode["mode"] == "slide" else "whole"
        score = f"{said['miou']:.1f}  {said['source']}" if said else "-"
        source = "shipped" if source == "file" else source
        wanted.append((path.stem, card["dataset"], source, how, score))
    assert shown == wanted
    assert len(wanted) > 50
