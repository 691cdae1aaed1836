"""robustseg corruptions lists a protocol and draws its sheet."""

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from robustbench_seg.cli.corruptions import corruptions
from robustbench_seg.cli.main import main
from robustbench_seg.records.cards.protocol import list_protocols, load_protocol


def test_lists_every_corruption_with_category_scored_severities_and_parameters():
    lines = CliRunner().invoke(corruptions).stdout.splitlines()
    named = {line.split()[0]: line for line in lines[4:] if not line.startswith(" ")}
    assert tuple(named) == load_protocol().names
    noise, fog = (" ".join(named[name].split()) for name in ("gaussian_noise", "fog"))
    assert noise == "gaussian_noise noise 1-3 scale 0.08 0.12 0.18 0.26 0.38"
    assert fog == "fog weather 1-5 density 1.5 2 2.5 2.5 3"
    assert max(map(len, lines)) <= 100


def test_scored_severities_that_are_no_range_are_listed_one_by_one(tmp_path):
    (tmp_path / "mine.toml").write_text(
        'name = "mine"\nversion = "1"\nsource = "me"\n[[corruption]]\nname = "gaussian_blur"\n'
        'category = "blur"\nscored = [1, 3, 5]\n'
        f"severities = [{', '.join(f'{{ sigma = {s} }}' for s in range(1, 6))}]\n"
    )
    output = CliRunner().invoke(corruptions, ["--protocol", str(tmp_path / "mine.toml")]).stdout
    assert "gaussian_blur blur 1,3,5 sigma 1 2 3 4 5" in " ".join(output.split())


def test_several_protocols_are_listed_one_after_the_other_in_lines_that_fit():
    result = CliRunner().invoke(corruptions, ["--protocol", "mpc-15", "--protocol", "city-c-fan"])
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= 100
    heads = [line.split(",")[0] for line in lines if ", version" in line]
    assert heads == ["mpc-15", "city-c-fan"]
    words = [" ".join(line.split()) for line in lines]
    assert "zoom_blur blur 1-5 stop 1.11 1.16 1.21 1.26 1.31" in words
    assert "frost weather 1-3 keep 1 0.8 0.7 0.65 0.6" in words


def test_a_preview_of_several_protocols_shows_each_corruption_once(tmp_path):
    Image.new("RGB", (40, 32), "teal").save(tmp_path / "photo.png")
    heights = []
    for names in (["cityscapes-c"], ["cityscapes-c", "mpc-15"]):
        options = [option for name in names for option in ("--protocol", name)]
        where = ["--preview", str(tmp_path / "photo.png"), "--out", str(tmp_path / "sheet.png")]
        assert CliRunner().invoke(corruptions, [*options, *where]).exit_code == 0
        with Image.open(tmp_path / "sheet.png") as sheet:
            heights.append(sheet.height)
    assert heights[1] - heights[0] == 3 * (32 + 4)


def test_preview_writes_a_sheet(tmp_path):
    photo = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    Image.fromarray(photo).save(tmp_path / "photo.png")
    sheet = tmp_path / "new folder/sheet.png"
    result = CliRunner().invoke(
        corruptions, ["--preview", str(tmp_path / "photo.png"), "--out", str(sheet)]
    )
    assert result.exit_code == 0, result.output
    assert result.stdout.strip() == str(sheet)
    with Image.open(sheet) as image:
        assert image.height > 16 * 40


def test_a_preview_of_a_photo_that_does_not_exist_names_the_photo(tmp_path):
    asked = ["corruptions", "--preview", str(tmp_path / "nothere.jpg")]
    result = CliRunner().invoke(main, asked)
    assert result.exit_code == 2
    assert "nothere.jpg: no such file; give the path of a photo" in result.stderr
    assert "dataset" not in result.stderr


@pytest.mark.parametrize("command", ["evaluate", "generate-cityscapes-c"])
def test_the_help_of_other_commands_names_every_shipped_protocol(command):
    output = " ".join(CliRunner().invoke(main, [command, "--help"]).stdout.split())
    shown = output.partition("--protocol P ")[2].partition(" or a TOML file")[0]
    shown = shown.replace("- ", "-")  # a line may end within a name
    assert set(shown.split(", ")) == set(list_protocols())


def test_a_sheet_without_a_photo_is_refused(tmp_path):
    result = CliRunner().invoke(corruptions, ["--out", str(tmp_path / "sheet.png")])
    assert result.exit_code == 2
    assert "--out is the path of the preview; also give --preview PHOTO" in result.output
