"""python: segmenters, written in these tests."""

import numpy as np
import pytest

from robustbench_seg.errors import FileError, ModelError, OptionError
from robustbench_seg.records.runs.segmenter_record import ModelFacts, SegmenterRecord
from robustbench_seg.segmenter import load_segmenter
from robustbench_seg.segmenter.adapters.python_models.python_segmenter import LABELS_ONLY

MODULE = """
import numpy as np

def threshold(image):
    return (image.mean(axis=2) > 100).astype(np.int64)

threshold.name = "threshold"
threshold.classes = ["Sky", "road"]
threshold.version = "1"

def make():
    return threshold

class Thorough:
    name, classes, facts = "thorough", ("a", "b"), {"version": 2, "depth": 3}
    def __call__(self, image):
        return np.zeros(image.shape[:2], np.uint8)

def bare():
    return lambda image: image

class Nameless(Thorough):
    name = ""

class Unversioned(Thorough):
    facts = None

class Flat(Thorough):
    def __call__(self, image):
        return np.zeros(5, np.uint8)

class Wild(Thorough):
    def __call__(self, image):
        return np.full(image.shape[:2], 2)

number = 3

def three():
    return 3
"""
IMAGE = np.random.default_rng(0).integers(0, 256, (7, 9, 3), np.uint8)


@pytest.fixture(autouse=True)
def module(tmp_path, monkeypatch):
    (tmp_path / "own_models.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.parametrize("name", ["make", "threshold"])
def test_a_function_is_a_segmenter(name):
    segmenter = load_segmenter(f"python:own_models:{name}", classes=("sky", "road"))
    labels = segmenter(IMAGE)
    assert labels.dtype == np.uint8
    assert (labels == (IMAGE.mean(axis=2) > 100)).all()
    assert (segmenter.name, segmenter.classes) == ("threshold", ("sky", "road"))
    where = f"python:own_models:{name}"
    own = {"runtime": "python", "laws": {"python": 1}, "own": {"version": "1"}}
    assert segmenter.record == SegmenterRecord(where, **own)
    assert segmenter.about == ModelFacts(location=where, no_confidence=LABELS_ONLY)


def test_an_object_is_a_segmenter():
    segmenter = load_segmenter("python:own_models:Thorough", name="mine")
    assert segmenter.name == "mine"
    assert segmenter.record.own == {"version": 2, "depth": 3}
    assert segmenter(IMAGE).shape == (7, 9)


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("own_models", "write python:<module>:<callable>"),
        ("own_modells:make", "there is no module 'own_modells' in "),
        ("own_models:number", "own_models.py has no callable 'number'"),
        ("own_models:nothing", "own_models.py has no callable 'nothing'"),
        ("own_models:three", "returns int, which cannot be called"),
        ("own_models:bare", "the object it returns has no attribute 'name'"),
        ("own_models:Nameless", "the object it returns has no attribute 'name'"),
        ("own_models:Unversioned", "has neither 'version' nor 'facts'; give it one that changes"),
    ],
)
def test_what_is_missing_is_said(location, message):
    with pytest.raises(ModelError) as raised:
        load_segmenter(f"python:{location}")
    assert str(raised.value).startswith(f"python:{location}: ")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Flat", "returns uint8 of 5 for an image of 7x9x3; expected integer class indices"),
        ("Wild", "returns class indices 2 to 2, but names 2 classes"),
    ],
)
def test_a_wrong_answer_is_refused(name, message):
    segmenter = load_segmenter(f"python:own_models:{name}")
    with pytest.raises(ModelError) as raised:
        segmenter(IMAGE)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    "option", [{"device": "cuda"}, {"precision": "bf16"}, {"inference": "whole"}]
)
def test_how_it_runs_is_its_own_business(option):
    with pytest.raises(
        OptionError, match=f"accepts only the options name, batch; leave out {next(iter(option))}"
    ):
        load_segmenter("python:own_models:make", **option)


def test_a_version_counts_beside_facts():
    class Facts:
        name, classes, facts = "mine", ("a",), {"depth": 3}

        def __call__(self, image):
            return np.zeros(image.shape[:2], np.uint8)

    one, two = (load_segmenter(Facts(), version=version) for version in ("1", "2"))
    assert one.record != two.record
    assert one.record.own == {"depth": 3, "version": "1"}
    assert load_segmenter(Facts()).record.own == {"depth": 3}


FAULTY = """
import sys

class Whole:
    name, classes, version = "mine", ["a", "b"], "1"
    def __call__(self, image):
        raise ZeroDivisionError("of mine")

class Ragged(Whole):
    def __call__(self, image):
        return [[1], [1, 2]]

class Ends(Whole):
    def __call__(self, image):
        sys.exit(3)

class OneText(Whole):
    classes = "road"

class NoClasses(Whole):
    classes = []

class TooMany(Whole):
    classes = [str(i) for i in range(300)]

class NoDict(Whole):
    facts = [1]

class Unstorable(Whole):
    facts = {"network": object()}

def fails():
    raise OSError("no such disk\\nsecond line")

def leaves():
    sys.exit(3)
"""


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Whole", "fails on an image: ZeroDivisionError: of mine ("),
        ("Ragged", "fails on an image: ValueError: "),
        ("Ends", "fails on an image: SystemExit: 3 ("),
        ("OneText", "classes must be a list of 1 to 254 names"),
        ("NoClasses", "classes must be a list of 1 to 254 names"),
        ("TooMany", "classes must be a list of 1 to 254 names"),
        ("NoDict", "its attribute 'facts' is not a mapping; make it a dict"),
        ("Unstorable", "its 'facts' and 'version' are not plain data"),
        ("fails", "fails() fails: OSError: no such disk ("),
        ("leaves", "leaves() fails: SystemExit: 3 ("),
    ],
)
def test_whatever_a_module_does_is_one_line(tmp_path, name, message):
    (tmp_path / "faulty_models.py").write_text(FAULTY)
    with pytest.raises(ModelError) as raised:
        load_segmenter(f"python:faulty_models:{name}")(IMAGE)
    assert str(raised.value).startswith(f"python:faulty_models:{name}: ")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
    if "fails" in message:
        assert raised.value.__cause__ is not None


def test_a_model_that_writes_into_its_image_changes_it_for_no_other():
    def blacken(image):
        image[:] = 0
        return image[..., 0]

    image = IMAGE.copy()
    load_segmenter(blacken, name="mine", classes=("a", "b"), version="1")(image)
    assert (image == IMAGE).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import numpy as", "SyntaxError: "),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("raise SystemExit(2)", "SystemExit: 2"),
        ("import gone_library", "there is no module 'gone_library'"),
        ("from numpy import gone_name", "ImportError: "),
    ],
)
def test_a_module_that_cannot_be_imported_is_one_line(tmp_path, text, message):
    name = f"broken_{abs(hash(text))}"
    (tmp_path / f"{name}.py").write_text(text)
    with pytest.raises(ModelError) as raised:
        load_segmenter(f"python:{name}:make")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
    assert raised.value.__cause__ is not None


@pytest.mark.parametrize("location", [":make", "a:", "..a:make", ".:make", "a..b:make"])
def test_a_wrong_location_is_one_line(location):
    with pytest.raises(ModelError, match=r"^python:"):
        load_segmenter(f"python:{location}")


def test_a_location_that_no_record_can_name_is_one_line():
    with pytest.raises(FileError, match=r"'\\x00:make' cannot be stored in a record"):
        load_segmenter("python:\0:make")
