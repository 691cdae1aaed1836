import base64
import io
import struct
import zlib

import numpy as np
import pytest
from fake_runs import weaker
from PIL import Image

from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.page.album import album, copy_pictures
from robustbench_seg.reporting.page.thumbnails import read_picture
from robustbench_seg.reporting.panels import read_panels

KEPT = [CLEAN, *load_protocol().conditions(["snow", "fog", "motion_blur"], [1, 3])]


def test_input_and_predictions_of_each_corruption(run):
    (panel,) = read_panels([run("alpha", pictures=KEPT), run("beta", weaker, pictures=KEPT)])
    pictures = album(panel, 40)
    assert [c.name for c in pictures.categories] == ["blur", "weather"]
    assert [c.name for c in pictures.categories[1].corruptions] == ["snow", "fog"]
    fog = pictures.categories[1].corruptions[1]
    assert [row.name for row in fog.rows] == ["input", "alpha", "beta", "errors"]
    for row in fog.rows:
        first, third, fifth = row.pictures
        assert (first.width, first.height) == (40, 20)
        assert "fog, severity 3" in third.alt
        assert fifth is None  # not run
    assert [p.label for p in pictures.clean] == [
        *("clean image", "truth", "alpha, clean", "beta, clean")
    ]
    assert pictures.legend == [("road", "#804080"), ("car", "#00008e"), ("sky", "#4682b4")]


def test_no_colour_arises_between_two_classes(run):
    (panel,) = read_panels([run("alpha", pictures=KEPT)])
    (truth,) = (p for p in album(panel, 37).clean if p.label == "truth")
    kind, data = truth.src.split(";base64,")
    assert kind == "data:image/png"
    shown = Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")
    assert shown.size == (37, 18)
    colours = {tuple(colour) for colour in np.asarray(shown).reshape(-1, 3).tolist()}
    assert colours == {(128, 64, 128), (0, 0, 142), (70, 130, 180)}


def test_pictures_are_never_enlarged(run):
    (panel,) = read_panels([run("alpha", pictures=KEPT)])
    assert album(panel, 4000).clean[0].width == 96


def colours(picture) -> list[list[str]]:
    """The colours of an image of the page, as hex."""
    data = base64.b64decode(picture.src.split(";base64,")[1])
    pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    return [["#{:02x}{:02x}{:02x}".format(*pixel) for pixel in line] for line in pixels.tolist()]


def test_errors_have_the_colours_that_the_legend_names(run):
    paths = [
        run(name, weights=digit, pictures=KEPT) for name, digit in (("alpha", "1"), ("beta", "2"))
    ]
    for path, wrong in zip(paths, ((0, 1), (0,)), strict=True):  # 0 becomes 1 in these columns
        with Image.open(path / "pictures" / "fog-3.png") as picture:
            changed = np.array(picture)
        changed[0, list(wrong)] = (changed[0, list(wrong)] + 1) % 3
        picture = Image.fromarray(changed)
        picture.putpalette([0, 0, 0, 9, 9, 9, 20, 20, 20])
        picture.save(path / "pictures" / "fog-3.png")
        with Image.open(path / "pictures" / "truth.png") as truth:
            labels, palette = np.array(truth), [*(truth.getpalette() or []), *([0] * 768)][:768]
        labels[0, 2] = 255
        truth = Image.fromarray(labels)
        truth.putpalette(palette)
        truth.save(path / "pictures" / "truth.png")
    (panel,) = read_panels(paths)
    pictures = album(panel, 96)
    meaning = {colour: name for name, colour in pictures.errors_legend}
    assert list(meaning.values()) == [
        *("all models right", "1 of 2 models wrong", "2 of 2 models wrong", "no true class")
    ]
    errors = pictures.categories[1].corruptions[1].rows[-1].pictures[1]
    assert [meaning[colour] for colour in colours(errors)[0][:4]] == [
        *("2 of 2 models wrong", "1 of 2 models wrong", "no true class", "all models right")
    ]
    luminance = [sum(int(c[i : i + 2], 16) for i in (1, 3, 5)) for c in list(meaning)[:3]]
    assert luminance == sorted(luminance, reverse=True)  # darker if more models are wrong
    red, green, blue = (int(list(meaning)[2][i : i + 2], 16) for i in (1, 3, 5))
    assert red > 2 * max(green, blue)


def test_at_most_three_models(run):
    (panel,) = read_panels([run(name, pictures=KEPT) for name in "abcd"])
    pictures = album(panel, 40)
    assert len(pictures.categories[0].corruptions[0].rows) == 5
    assert "first 3 of 4 models" in pictures.note


def test_no_pictures_no_album(run):
    (panel,) = read_panels([run("alpha")])
    assert album(panel, 40) is None


def test_a_broken_picture_is_left_out_by_name(run, caplog, tmp_path):
    path = run("alpha", pictures=KEPT)
    broken = path / "pictures" / "fog-1.png"
    broken.write_bytes(broken.read_bytes()[:60])
    (panel,) = read_panels([path])
    fog = album(panel, 40).categories[1].corruptions[1]
    assert [picture is None for picture in fog.rows[1].pictures] == [True, False, True]
    assert "fog-1.png: cannot read the picture" in caplog.text
    copy_pictures(panel, tmp_path / "copied")
    assert not [*tmp_path.glob("copied/*/fog-1.png")]
    assert [*tmp_path.glob("copied/*/fog-3.png")]


def declared(width, height):
    """A PNG of a few bytes that declares this size."""

    def chunk(kind, data):
        crc = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + crc

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + rows + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(100_000, 100_000), (10_000, 10_000), (2**31 - 1, 1), (0, 0)])
def test_a_picture_of_an_absurd_size_is_left_out_before_it_is_decoded(tmp_path, caplog, size):
    (tmp_path / "pictures").mkdir()
    path = tmp_path / "pictures" / "truth.png"
    path.write_bytes(declared(*size))
    assert read_picture(path, 40) is None
    assert "cannot read the picture" in caplog.text


@pytest.mark.parametrize("damage", ["cut", "checksum", "another kind"])
def test_a_damaged_picture_is_left_out(tmp_path, caplog, damage):
    path = tmp_path / "truth.png"
    Image.new("P", (64, 32)).save(path)
    assert read_picture(path, 40) is not None
    data = bytearray(path.read_bytes())
    if damage == "cut":
        data = data[: data.index(b"IDAT") + 6]
    elif damage == "checksum":  # that of the pixels, which decoding ignores
        data[-16] ^= 1
    else:
        buffer = io.BytesIO()
        Image.new("RGB", (64, 32)).save(buffer, "TIFF")
        data = bytearray(buffer.getvalue())
    path.write_bytes(data)
    assert read_picture(path, 40) is None
    assert caplog.text.count("cannot read the picture") == 1


@pytest.mark.parametrize("kind", ["file", "folder", "input"])
def test_nothing_is_shown_or_copied_through_a_link(run, caplog, tmp_path, kind):
    private = tmp_path / "private"
    (private / "input").mkdir(parents=True)
    for name in ("fog-1.png", "truth.png", "input/fog-1.jpg", "notes.txt"):
        Image.new("P" if name.endswith(".png") else "RGB", (64, 32)).save(
            private / name, "PNG" if name.endswith(".png") else "JPEG"
        )
    path = run("alpha", pictures=KEPT)
    pictures, real = path / "pictures", tmp_path / "real"
    if kind == "folder":
        pictures.rename(real)
        pictures.symlink_to(private, target_is_directory=True)
    elif kind == "input":
        (pictures / "input").rename(real)
        (pictures / "input").symlink_to(private / "input", target_is_directory=True)
    else:
        for name in ("fog-1.png", "input/fog-1.jpg"):
            (pictures / name).unlink()
            (pictures / name).symlink_to(private / name)
    (panel,) = read_panels([path])
    copy_pictures(panel, tmp_path / "copied")
    copied = [each for each in tmp_path.rglob("copied/*/*") if each.is_file()]
    leaked = {each.read_bytes() for each in private.rglob("*") if each.is_file()}
    assert not leaked & {each.read_bytes() for each in copied}
    found = album(panel, 96)
    shown = [
        *found.clean,
        *(p for c in found.categories for k in c.corruptions for r in k.rows for p in r.pictures),
    ]
    assert all(picture is None or picture.width == 96 for picture in shown)
    assert "a link or not a regular file" in caplog.text


def test_only_pictures_of_known_names_are_copied(run, tmp_path):
    path = run("alpha", pictures=KEPT)
    for name in ("notes.png", "id_rsa", ".hidden-1.png", "hardest/x.png", "deep/er/fog-1.png"):
        target = path / "pictures" / name
        target.parent.mkdir(exist_ok=True, parents=True)
        target.write_bytes((path / "pictures" / "truth.png").read_bytes())
    (path / "pictures" / "rain-1.png").write_text("no picture, but of a known name")
    (panel,) = read_panels([path])
    copy_pictures(panel, tmp_path / "copied")
    copied = {
        each.relative_to(tmp_path / "copied" / path.name).as_posix()
        for each in tmp_path.rglob("copied/**/*")
        if each.is_file()
    }
    names = {f"{c.name}-{c.severity}" for c in KEPT}
    assert copied == {"truth.png", *(f"{n}.png" for n in names), *(f"input/{n}.jpg" for n in names)}


def test_predictions_of_another_size_or_of_colours_are_no_error(run):
    path = run("alpha", pictures=KEPT)
    Image.new("P", (7, 5)).save(path / "pictures" / "fog-1.png")
    Image.new("RGB", (96, 48)).save(path / "pictures" / "fog-3.png")
    (panel,) = read_panels([path])
    fog = album(panel, 40).categories[1].corruptions[1]
    assert fog.rows[-1].pictures == [None, None, None]
