"""Lists of the images of a split."""

import re

import pytest

from robustbench_seg.datasets import open_dataset
from robustbench_seg.errors import DatasetError

VOC = """
name = "voc"
images = "JPEGImages/*.jpg"
labels = "SegmentationClass/*.png"
list = "ImageSets/{split}.txt"
classes = ["ground", "rock", "machine"]
"""


@pytest.fixture
def voc(tmp_path, describe, put):
    for number in range(1, 5):
        put(f"JPEGImages/{number}.jpg")
        put(f"SegmentationClass/{number}.png", 1)
    put("JPEGImages/unlabelled.jpg")

    def opened(lines, split="val", text=VOC):
        path = tmp_path / f"ImageSets/{split}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(lines if isinstance(lines, bytes) else lines.encode())
        return open_dataset(describe(text), None, split)

    return opened


def test_a_list_names_the_images_of_a_split(voc):
    assert voc("3\n1\n\n").ids == ("JPEGImages/1.jpg", "JPEGImages/3.jpg")
    train = voc(b"\xef\xbb\xbf2 \r\n2\r\n4", "train")
    assert train.ids == ("JPEGImages/2.jpg", "JPEGImages/4.jpg")
    assert train[1].labels.tolist() == [[1] * 6] * 4
    with pytest.raises(DatasetError, match=r"test\.txt: the list of images cannot be read \(No su"):
        open_dataset(train.files.root / "quarry.toml", None, "test")
    tables = VOC.replace('"ImageSets/{split}.txt"', "{dusk = 'ImageSets/x.txt'}")
    assert voc("4", "x").ids == ("JPEGImages/4.jpg",)
    with pytest.raises(DatasetError, match=r"list: unknown split 'val'\. Known: dusk"):
        voc("4", "val", tables)


def test_names_of_several_parts_are_separated_as_paths(voc, put):
    put("day/cam/1_x.jpg")
    put("masks/cam_1.png", 2)
    text = VOC.replace("JPEGImages/*", "day/*/*_x").replace("SegmentationClass/*", "masks/*_*")
    assert voc("cam/1\n", text=text)[0].labels.tolist() == [[2] * 6] * 4
    with pytest.raises(DatasetError, match=r"line 1: '1' does not match \* in 'day/\*/\*_"):
        voc("1\n", text=text)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("1\n\n9\n", "line 3: there is no JPEGImages/9.jpg; write what * matches in 'JPEGI"),
        ("1.jpg 1.png\n", "line 1: there is no JPEGImages/1.jpg 1.png.jpg; write what"),
        ("JPEGImages/1\n", "line 1: 'JPEGImages/1' does not match * in 'JPEGImages/*.jpg'"),
        ("\n", "the list names no image; write one name per line"),
        (b"\xff\xfe1\0", "the list of images cannot be read (not UTF-8 text)"),
        (b"", "the list of images cannot be read (an empty file)"),
    ],
)
def test_a_wrong_list(voc, tmp_path, lines, message):
    with pytest.raises(DatasetError, match=re.escape(message)) as caught:
        voc(lines)
    assert str(caught.value).startswith(str(tmp_path / "ImageSets/val.txt"))


def test_a_line_may_be_the_path_of_an_image(voc, put):
    assert voc("JPEGImages/3.jpg\n/JPEGImages/1.jpg\n").ids == (
        "JPEGImages/1.jpg",
        "JPEGImages/3.jpg",
    )
    put("JPEGImages/3.png")
    text = VOC.replace("*.jpg", "*.{jpg,png}")
    with pytest.raises(
        DatasetError, match=r"line 1: '3' matches both JPEGImages/3\.jpg and JPEGImage"
    ):
        voc("3\n", text=text)
    assert voc("JPEGImages/3.png\n", text=text).ids == ("JPEGImages/3.png",)


def test_a_list_chooses_among_labels_without_a_warning(voc, put, caplog):
    put("SegmentationClass/9.png", 0)
    voc("1\n")
    assert caplog.messages == []


def test_listed_images_need_labels(voc):
    with pytest.raises(DatasetError, match=r"of 2 images in .* 1 have no labels; the first withou"):
        voc("1\nunlabelled\n")


def test_without_a_list_unlabelled_images_are_refused_with_a_hint(voc, describe):
    voc("1\n")
    text = VOC.replace("list = ", "# ")
    with pytest.raises(
        DatasetError, match=r"1 have no labels; .*; the key list can name the image"
    ):
        open_dataset(describe(text), None)
