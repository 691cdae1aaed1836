"""robustseg models: a line for each card and each class map, as in its file."""

import tomllib
from pathlib import Path

from click.testing import CliRunner

from robustbench_seg.cli.main import main

CARDS = Path(__file__).parents[2] / "models"


def test_every_card_is_listed_as_its_file_says():
    result = CliRunner().invoke(main, ["models"])
    assert result.exit_code == 0, result.output
    listed, heading, hub, *_ = result.stdout.split("\n\n")
    head, *lines = listed.splitlines()
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
    assert heading == "Run by transformers (pip install 'robustseg[hf]'):"
    _, *rows = hub.splitlines()
    families = [row.split()[0] for row in rows]
    assert families == sorted(families)
    cards = {path.stem: tomllib.loads(path.read_text()) for path in CARDS.glob("hub/*.toml")}
    assert {row.split()[1] for row in rows} == set(cards)
    for row in rows:
        card = cards[row.split()[1]]
        assert card["location"] in row
        assert ("(not verified)" in row) == (not card.get("verified", True))
        assert (
            f"{card['published']['miou']:.1f}  " in row if "published" in card else row[-1] == "-"
        )


def test_every_class_map_is_listed_as_its_file_says():
    result = CliRunner().invoke(main, ["models"])
    *_, heading, maps = result.stdout.split("\n\n")
    assert heading == "Class maps, for models whose classes differ from those of the dataset:"
    _, *rows = [line.rstrip() for line in maps.splitlines()]
    listed = dict(row.split(maxsplit=1) for row in rows)
    files = sorted((CARDS / "class_maps").glob("*.toml"))
    assert listed == {path.stem: tomllib.loads(path.read_text())["about"] for path in files}
    assert list(listed) == sorted(listed)
    assert "robustseg models" in CliRunner().invoke(main, ["evaluate", "--help"]).stdout
