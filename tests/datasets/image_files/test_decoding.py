"""Files of every depth, kind and state of damage: read correctly, or refused in one line."""

import os
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from robustbench_seg.datasets.image_files import decoding
from robustbench_seg.datasets.image_files.decoding import read_image, read_label_ids
from robustbench_seg.errors import DatasetError


def test_a_palette_label_is_its_indices(put):
    image = Image.fromarray(np.array([[0, 1], [2, 3]], np.uint8))
    image.putpalette([9, 9, 9, 200, 0, 0, 0, 200, 0, 0, 0, 200])
    np.testing.assert_array_equal(read_label_ids(put("p.png", image)), [[0, 1], [2, 3]])
    assert Image.open(put("p4.png", image, bits=4)).mode == "P"
    np.testing.assert_array_equal(read_label_ids(put("p4.png", image, bits=4)), [[0, 1], [2, 3]])


def grey_png(rows: list[bytes], width: int, bits: int) -> bytes:
    """A grey PNG of 1, 2 or 4 bits, which Pillow reads but does not write."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checked = kind + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", width, len(rows), bits, 0, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    signature = b"\x89PNG\r\n\x1a\n"
    return signature + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("bits", "rows", "ids"),
    [
        (1, [b"\x60", b"\x80"], [[0, 1, 1, 0], [1, 0, 0, 0]]),
        (2, [b"\x1b", b"\xe4"], [[0, 1, 2, 3], [3, 2, 1, 0]]),
        (4, [b"\x01\x2f", b"\xf9\x80"], [[0, 1, 2, 15], [15, 9, 8, 0]]),
    ],
)
def test_grey_labels_of_few_bits_are_not_spread(tmp_path, bits, rows, ids):
    path = tmp_path / "grey.png"
    path.write_bytes(grey_png(rows, 4, bits))
    np.testing.assert_array_equal(read_label_ids(path), ids)


def test_colours_are_not_labels(put):
    path = put("colour.png", np.zeros((2, 2, 3), np.uint8))
    with pytest.raises(DatasetError, match=r"colour\.png: the labels are a colour image \(mode RG"):
        read_label_ids(path)


def test_grey_and_palette_images_become_rgb(put):
    grey = np.arange(24, dtype=np.uint8).reshape(4, 6)
    expected = np.repeat(grey[..., None], 3, axis=2)
    np.testing.assert_array_equal(read_image(put("grey.png", grey)), expected)
    image = Image.fromarray(np.array([[0, 1]], np.uint8))
    image.putpalette([9, 8, 7, 200, 100, 0])
    np.testing.assert_array_equal(read_image(put("p.png", image)), [[[9, 8, 7], [200, 100, 0]]])


def test_an_opaque_alpha_is_dropped_and_another_refused(put):
    rgba = np.random.default_rng(0).integers(0, 256, (4, 6, 4), np.uint8)
    rgba[..., 3] = 255
    image = read_image(put("opaque.png", rgba))
    np.testing.assert_array_equal(image, rgba[..., :3])
    assert image.flags.c_contiguous
    rgba[1, 2, 3] = 254
    with pytest.raises(DatasetError, match=r"clear\.png: the image has transparent pixels"):
        read_image(put("clear.png", rgba))


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_truncated_image_is_named(put, suffix):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    path = put(f"cut{suffix}", noise)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(DatasetError, match=rf"cut\{suffix}: the image file .*[Tt]runcated"):
        read_image(path)


def test_every_cut_of_a_label_file_is_noticed(put):
    ids = np.random.default_rng(0).integers(0, 19, (64, 64), np.uint8)
    path = put("whole.png", ids)
    whole = path.read_bytes()
    end = whole.index(b"IDAT") + 4 + struct.unpack(">I", whole[whole.index(b"IDAT") - 4 :][:4])[0]
    for length in [*range(0, end, 97), end - 8]:
        path.write_bytes(whole[:length])
        with pytest.raises(DatasetError, match=r"whole\.png: the label file cannot be read"):
            read_label_ids(path)


def test_a_file_that_is_no_image_or_not_there(tmp_path):
    path = tmp_path / "text.png"
    path.write_text("hello")
    with pytest.raises(DatasetError, match=r"text\.png: the image file cannot be read \(not"):
        read_image(path)
    with pytest.raises(DatasetError, match=r"gone\.png: no such image file; restore it"):
        read_image(tmp_path / "gone.png")
    with pytest.raises(DatasetError, match=r"gone\.png: no such label file; restore it"):
        read_label_ids(tmp_path / "gone.png")
    with pytest.raises(
        DatasetError, match=r"the image file cannot be read \(a folder, not a file\)"
    ):
        read_image(tmp_path)


def test_every_error_is_one_line(tmp_path):
    with pytest.raises(DatasetError) as caught:
        read_image(tmp_path / "gone.png")
    assert "\n" not in str(caught.value)


DEEP = np.random.default_rng(0).integers(0, 65536, (4, 6, 3), np.uint16)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_an_image_of_16_bits_is_refused(tmp_path, suffix, channels):
    pixels = np.repeat(DEEP, 2, axis=2)[..., :channels]
    path = tmp_path / f"deep{suffix}"
    cv2.imwrite(str(path), pixels)
    assert cv2.imread(str(path), cv2.IMREAD_UNCHANGED).dtype == np.uint16
    with pytest.raises(DatasetError) as caught:
        read_image(path)
    assert str(caught.value) == (
        f"{path}: the image has 16 bits per channel; save it with 8 bits per channel"
    )


def test_a_ppm_of_16_bits_and_a_tiff_of_floats_are_refused(tmp_path):
    (tmp_path / "deep.ppm").write_bytes(b"P6 2 1 65535\n" + bytes(range(12)))
    with pytest.raises(DatasetError, match=r"deep\.ppm: the image has 16 bits per channel"):
        read_image(tmp_path / "deep.ppm")
    Image.fromarray(np.zeros((2, 2), np.float32)).save(tmp_path / "float.tif")
    with pytest.raises(DatasetError, match=r"float\.tif: the image has 32 bits per channel"):
        read_image(tmp_path / "float.tif")
    with pytest.raises(DatasetError, match=r"float\.tif: the labels are a colour image \(mode F"):
        read_label_ids(tmp_path / "float.tif")


def test_a_format_that_reduces_depth_or_runs_programs_is_not_read(tmp_path):
    Image.new("RGB", (4, 4)).save(tmp_path / "page.png", format="EPS")
    Image.new("RGB", (16, 16)).save(tmp_path / "x.jp2")
    for name in ("page.png", "x.jp2"):
        with pytest.raises(DatasetError, match=r"\(not an image file of a known format: PNG, JPEG"):
            read_image(tmp_path / name)


def test_grey_tiffs_of_few_bits_keep_their_ids(tmp_path):
    """Pillow spreads them over 0..255, compressed or not."""
    for compression in (1, 8):  # none, deflate
        path = tmp_path / f"{compression}.tif"
        data = b"\x12\x3f"
        packed = data if compression == 1 else zlib.compress(data)
        tags = [(256, 3), (257, 1), (258, 4), (259, compression), (262, 1), (273, 8), (277, 1)]
        tags += [(278, 1), (279, len(packed))]
        offset = 8 + len(packed) + len(packed) % 2
        entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
        directory = struct.pack("<H", len(tags)) + entries + struct.pack("<I", 0)
        header = b"II*\0" + struct.pack("<I", offset)
        path.write_bytes(header + packed + b"\0" * (len(packed) % 2) + directory)
        assert read_label_ids(path).tolist() == [[1, 2, 3]]
        path.write_bytes(
            path.read_bytes().replace(*(struct.pack("<HHII", 262, 4, 1, v) for v in (1, 0)))
        )
        with pytest.raises(DatasetError, match=r"\.tif: the labels are stored inverted \(0 is wh"):
            read_label_ids(path)


def test_labels_whose_ids_a_decoder_changes_are_refused(tmp_path):
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "a.jpg")
    with pytest.raises(DatasetError, match=r"a\.jpg: the labels are a JPEG, whose compression"):
        read_label_ids(tmp_path / "a.jpg")
    (tmp_path / "a.pgm").write_bytes(b"P5 3 1 18\n\x00\x07\x12")
    with pytest.raises(DatasetError, match=r"a\.pgm: the labels have levels of 0 to 18, which"):
        read_label_ids(tmp_path / "a.pgm")
    (tmp_path / "b.pgm").write_bytes(b"P5 3 1 255\n\x00\x07\x12")
    assert read_label_ids(tmp_path / "b.pgm").tolist() == [[0, 7, 18]]
    (tmp_path / "c.pgm").write_bytes(b"P5 2 1 65535\n\x00\x07\x01\x12")
    assert read_label_ids(tmp_path / "c.pgm").tolist() == [[7, 274]]


@pytest.mark.parametrize("orientation", range(2, 9))
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp"])
def test_an_orientation_is_named_or_applied(put, suffix, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    lossless = {".webp": {"lossless": True}, ".jpg": {"quality": 100}}.get(suffix, {})
    path = put(f"turned{suffix}", exif=exif, **lossless)
    with pytest.raises(DatasetError) as caught:
        read_image(path)
    assert str(caught.value) == (
        f"{path}: the image has the EXIF orientation {orientation}, so viewers rotate it; if its "
        "labels match the rotated image, rotate the pixels (mogrify -auto-orient FILE) or write "
        "apply_orientation = true into the dataset's TOML file, otherwise remove the tag "
        "(exiftool -Orientation= FILE)"
    )
    stored = Image.open(put(f"stored{suffix}", Image.fromarray(STORED), **lossless))
    path = put(f"turned{suffix}", Image.fromarray(STORED), exif=exif, **lossless)
    stored.getexif()[0x0112] = orientation
    shown = np.asarray(ImageOps.exif_transpose(stored))
    np.testing.assert_array_equal(read_image(path, apply_orientation=True), shown)


STORED = np.random.default_rng(1).integers(0, 256, (4, 6, 3), np.uint8)


def test_an_upright_or_damaged_orientation_changes_nothing(put):
    for value in (1, 0, 9):
        exif = Image.Exif()
        exif[0x0112] = value
        np.testing.assert_array_equal(
            read_image(put("a.png", Image.fromarray(STORED), exif=exif)), STORED
        )
    np.testing.assert_array_equal(
        read_image(put("b.png", Image.fromarray(STORED), exif=b"Exif\0\0nonsense")), STORED
    )


def test_labels_are_never_turned(put):
    exif = Image.Exif()
    exif[0x0112] = 3
    with pytest.raises(DatasetError, match=r"the labels have the EXIF orientation 3; remove the"):
        read_label_ids(put("a.png", 1, exif=exif))


def test_every_flipped_byte_of_a_png_is_noticed(put):
    """Decoding ignores the checksum of the pixels."""
    path = put("whole.png", np.random.default_rng(0).integers(0, 19, (16, 16), np.uint8))
    whole, ids = path.read_bytes(), read_label_ids(path)
    for place in range(len(whole) - 12):  # the rest is the end chunk
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(DatasetError, match=r"whole\.png: the label file cannot be read \("):
            read_label_ids(path)
    path.write_bytes(whole)
    np.testing.assert_array_equal(read_label_ids(path), ids)


@pytest.mark.parametrize("read", [read_image, read_label_ids])
def test_a_huge_image_in_a_small_file_is_refused_before_it_is_decoded(tmp_path, read):
    path = tmp_path / "bomb.png"
    line = bytes(40_000 // 8)
    path.write_bytes(grey_png([line] * 2, 40_000, 1).replace(
        struct.pack(">II", 40_000, 2), struct.pack(">II", 40_000, 40_000)
    ))  # fmt: skip
    header = path.read_bytes()[12:29]
    path.write_bytes(
        path.read_bytes()[:29] + struct.pack(">I", zlib.crc32(header)) + path.read_bytes()[33:]
    )
    with pytest.raises(
        DatasetError, match=r"bomb\.png: the (image|label) file is too large to be "
    ):
        read(path)


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (Path.touch, "an empty file"),
        (Path.mkdir, "a folder, not a file"),
        (os.mkfifo, "a pipe, socket or device, not a file"),
        (lambda path: path.symlink_to("/dev/zero"), "a pipe, socket or device, not a file"),
    ],
)
@pytest.mark.parametrize("read", [read_image, read_label_ids])
def test_what_is_no_file_is_named_and_never_waited_for(tmp_path, make, what, read):
    path = tmp_path / "x.png"
    make(path)
    with pytest.raises(DatasetError, match=rf"x\.png: the \w+ file cannot be read \({what}\);"):
        read(path)


def test_a_pointer_of_git_lfs_is_named(tmp_path):
    path = tmp_path / "x.png"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    pattern = (
        r"x\.png: the image file cannot be read \(it is a Git LFS pointer\); run `git lfs pull`"
    )
    with pytest.raises(DatasetError, match=pattern):
        read_image(path)


def test_the_cause_is_chained(tmp_path):
    with pytest.raises(DatasetError) as caught:
        read_image(tmp_path / "gone.png")
    assert isinstance(caught.value.__cause__, FileNotFoundError)


def signed_tiff(levels: list[int]) -> bytes:
    """One row of grey levels as signed numbers of 8 bits, which Pillow reads as unsigned."""
    values = {256: len(levels), 257: 1, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: 1}
    tags = [*values.items(), (279, len(levels)), (339, 2)]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    data = struct.pack(f"{len(levels)}b", *levels)
    folder = struct.pack("<H", len(tags)) + entries + bytes(4)
    return b"II*\0" + struct.pack("<I", 8 + len(data)) + data + folder


def test_signed_numbers_of_8_bits_are_no_ids_and_no_levels(tmp_path):
    path = tmp_path / "x.tif"
    path.write_bytes(signed_tiff([-100, 3]))
    assert np.array(Image.open(path)).tolist() == [[156, 3]]  # this is why they are refused
    with pytest.raises(DatasetError, match="the labels are signed 8-bit numbers"):
        read_label_ids(path)
    with pytest.raises(DatasetError, match="the image has signed levels"):
        read_image(path)


def test_labels_in_a_tiff_with_lossy_compression_are_refused(tmp_path):
    ids = np.arange(4096, dtype=np.uint8).reshape(64, 64) % 34
    path = tmp_path / "x.tif"
    Image.fromarray(ids).save(path, compression="jpeg")
    assert not np.array_equal(np.array(Image.open(path)), ids)
    with pytest.raises(DatasetError, match="a TIFF with lossy compression, which changes ids"):
        read_label_ids(path)
    Image.fromarray(ids).save(path, compression="tiff_lzw")
    np.testing.assert_array_equal(read_label_ids(path), ids)


def test_more_pixels_than_fit_into_2_gib_are_refused(tmp_path):
    path = tmp_path / "x.png"
    Image.new("1", (13_000, 13_000)).save(path)
    for read in (read_image, read_label_ids):
        with pytest.raises(DatasetError, match="too large to be decoded"):
            read(path)


@pytest.mark.parametrize("suffix", ["tif", "png"])
def test_a_file_of_several_pages_is_refused(tmp_path, suffix):
    """Readers take the first page, although another one may be meant."""
    path = tmp_path / f"labels.{suffix}"
    first, second = (Image.fromarray(np.full((4, 6), level, np.uint8)) for level in (1, 2))
    first.save(path, save_all=True, append_images=[second])
    with pytest.raises(DatasetError, match=r"the label file has 2 pages; save the page to use"):
        read_label_ids(path)
    with pytest.raises(DatasetError, match=r"the image file has 2 pages|the image has 2 pages"):
        read_image(path)


def test_a_camera_s_second_picture_does_not_count(tmp_path):
    path = tmp_path / "photo.jpg"
    first, second = (Image.fromarray(np.full((8, 8, 3), level, np.uint8)) for level in (90, 200))
    first.save(path, "MPO", save_all=True, append_images=[second])
    assert abs(int(read_image(path)[0, 0, 0]) - 90) <= 1


def test_an_image_of_too_many_pixels_is_refused_before_it_is_decoded(put, monkeypatch):
    path = put("a.png", np.zeros((4, 6, 3), np.uint8))
    monkeypatch.setattr(decoding, "MAX_DECODED_PIXELS", 23)
    with pytest.raises(DatasetError, match=r"a\.png.*6x4 is more than 23 pixels"):
        decoding.read_image(path)
