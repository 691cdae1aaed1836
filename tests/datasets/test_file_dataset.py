import json
import pickle
import re
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from robustbench_seg.datasets.base import IGNORE
from robustbench_seg.datasets.file_dataset import (
    FileDataset,
    Item,
    apply_table,
    corrupted_image,
    label_table,
    read_image,
    read_label_ids,
)
from robustbench_seg.errors import DatasetError

TABLE = label_table({0: 0, 1: 1, 255: IGNORE})


@pytest.fixture
def dataset(tmp_path, put):
    for name in "abc":
        put(f"images/{name}.png")
        put(f"labels/{name}.png", np.arange(24).reshape(4, 6).astype(np.uint8) % 2)
    items = tuple(Item(f"images/{n}.png", f"labels/{n}.png") for n in "abc")
    palette = ((1, 2, 3), (4, 5, 6))
    return FileDataset("two", "val", ("x", "y"), palette, tmp_path, items, TABLE)


def test_samples_are_the_files_in_order(dataset, tmp_path):
    assert dataset.ids == ("images/a.png", "images/b.png", "images/c.png")
    samples = list(dataset)
    assert [sample.id for sample in samples] == list(dataset.ids)
    for sample in samples:
        reference = cv2.cvtColor(cv2.imread(str(tmp_path / sample.id)), cv2.COLOR_BGR2RGB)
        np.testing.assert_array_equal(sample.image, reference)
        np.testing.assert_array_equal(sample.labels, np.arange(24).reshape(4, 6) % 2)
        assert sample.labels.dtype == np.uint8
    np.testing.assert_array_equal(dataset.image(2), samples[2].image)
    assert len(dataset) == 3
    assert dataset[-1].id == "images/c.png"
    with pytest.raises(IndexError):
        dataset[3]


def test_first_cuts(dataset):
    assert dataset.first(2).ids == ("images/a.png", "images/b.png")
    assert dataset.first(9).ids == dataset.ids
    assert dataset.first(2).fingerprint["count"] == 2
    with pytest.raises(DatasetError, match="two: the first 0 images were asked for; ask"):
        dataset.first(0)


def test_companions_are_the_labels_where_nothing_else_is_known(dataset, tmp_path):
    assert dataset.companions(1) == {"labels/b.png": tmp_path / "labels/b.png"}


def test_the_fingerprint_is_of_the_data_and_not_of_its_place(dataset, tmp_path, put):
    fingerprint = dataset.fingerprint
    assert str(tmp_path) not in json.dumps(fingerprint)
    elsewhere = tmp_path / "moved"
    elsewhere.mkdir()
    for folder in ("images", "labels"):
        (tmp_path / folder).rename(elsewhere / folder)
    moved = FileDataset("two", "val", ("x", "y"), (), elsewhere, dataset.items, TABLE)
    assert moved.fingerprint == fingerprint

    renamed = FileDataset("two", "val", ("x", "z"), (), elsewhere, dataset.items, TABLE)
    assert renamed.fingerprint["classes"] != fingerprint["classes"]
    other = label_table({0: 1, 1: 0, 255: IGNORE})
    remapped = FileDataset("two", "val", ("x", "y"), (), elsewhere, dataset.items, other)
    assert remapped.fingerprint["classes"] != fingerprint["classes"]

    with open(elsewhere / "labels/b.png", "ab") as file:
        file.write(b"\0")
    grown = FileDataset("two", "val", ("x", "y"), (), elsewhere, dataset.items, TABLE)
    assert grown.fingerprint["contents"] != fingerprint["contents"]
    assert grown.first(1).fingerprint["contents"] != grown.fingerprint["contents"]


def test_the_fingerprint_names_a_file_that_has_gone(dataset, tmp_path):
    (tmp_path / "labels/c.png").unlink()
    with pytest.raises(DatasetError, match=r"labels/c\.png: no such file; restore it"):
        _ = dataset.fingerprint


def test_a_dataset_goes_to_another_process(dataset):
    again = pickle.loads(pickle.dumps(dataset))
    assert again.fingerprint == dataset.fingerprint
    np.testing.assert_array_equal(again[1].labels, dataset[1].labels)


def test_labels_of_another_size_are_refused(dataset, put):
    put("labels/b.png", np.zeros((4, 7), np.uint8))
    pattern = r"labels/b\.png: the labels are 7x4, their image images/b\.png is 6x4"
    with pytest.raises(DatasetError, match=pattern):
        dataset[1]


def test_an_unknown_id_is_named_with_its_file(dataset, put):
    labels = np.zeros((4, 6), np.uint8)
    labels[2, 3:5] = 77
    put("labels/b.png", labels)
    pattern = r"labels/b\.png: label id 77 \(2 pixels\) means nothing .* ids are 0\.\.1, 255;"
    with pytest.raises(DatasetError, match=pattern):
        dataset[1]


@pytest.mark.parametrize("kind", [np.int8, np.int16, np.int32])
def test_a_negative_id_is_no_class(kind):
    """As an index, NumPy would count it from the table's end: -256 would be class 0."""
    ids = np.zeros((3, 4), kind)
    ids[1, 2] = least = max(-256, np.iinfo(kind).min)
    with pytest.raises(DatasetError, match=rf"^x\.png: label id {least} \(1 pixels\) means"):
        apply_table(TABLE, ids, Path("x.png"))


def test_only_some_of_many_unknown_ids_are_spelled():
    ids = np.arange(2, 14, dtype=np.uint8).reshape(3, 4)
    with pytest.raises(DatasetError, match=r"2 \(1 pixels\), .*, 6 \(1 pixels\) and 7 more ids"):
        apply_table(TABLE, ids, Path("x.png"))


def test_ids_of_16_bits(put):
    ids = np.array([[0, 300, 65535], [1, 300, 0]], np.uint16)
    path = put("wide.png", ids)
    np.testing.assert_array_equal(read_label_ids(path), ids)
    table = label_table({0: 0, 1: 1, 300: 2, 65535: IGNORE})
    np.testing.assert_array_equal(
        apply_table(table, read_label_ids(path), path), [[0, 2, 255], [1, 2, 0]]
    )
    # 300 must not wrap around to 44, nor be clipped to 255, which this table ignores.
    with pytest.raises(DatasetError, match=r"wide\.png: label id 300 \(2 pixels\), 65535 \(1 pixe"):
        apply_table(TABLE, read_label_ids(path), path)


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


def test_an_image_of_16_bits_is_refused(put):
    path = put("deep.png", np.full((2, 2), 1000, np.uint16))
    with pytest.raises(DatasetError, match=r"deep\.png: an image of mode I;?1?6? is not supported"):
        read_image(path)


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_truncated_image_is_named(put, suffix):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    path = put(f"cut{suffix}", noise)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(DatasetError, match=rf"cut\{suffix}: the image file .*truncated"):
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
    with pytest.raises(DatasetError, match=r"the image file cannot be read \(Is a directory\)"):
        read_image(tmp_path)


def test_every_error_is_one_line(tmp_path):
    with pytest.raises(DatasetError) as caught:
        read_image(tmp_path / "gone.png")
    assert "\n" not in str(caught.value)


def test_the_pixels_are_taken_as_stored(put):
    exif = Image.Exif()
    exif[0x0112] = 6  # rotate by 90 degrees to show
    path = put("turned.png", np.zeros((4, 6, 3), np.uint8), exif=exif)
    assert Image.open(path).getexif()[0x0112] == 6
    assert read_image(path).shape == (4, 6, 3)


def test_a_corrupted_image_is_the_png_of_its_id(tmp_path, put):
    put("images/a.jpg")
    put("labels/a.png", 0)
    foggy = np.random.default_rng(0).integers(0, 256, (4, 6, 3), np.uint8)
    put("out/fog/3/images/a.png", foggy)
    items = (Item("images/a.jpg", "labels/a.png"),)
    dataset = FileDataset("one", "val", ("x",), (), tmp_path, items, TABLE)
    np.testing.assert_array_equal(corrupted_image(dataset, 0, tmp_path / "out/fog/3"), foggy)
    pattern = re.escape(str(tmp_path / "out/fog/4/images/a.png")) + ": no such image file"
    with pytest.raises(DatasetError, match=pattern):
        corrupted_image(dataset, 0, tmp_path / "out/fog/4")
