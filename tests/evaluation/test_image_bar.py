"""The bar counts scored images, and separately those that are left out."""

import re

import pytest

from robustbench_seg.errors import IncompleteError
from tests.evaluation.conftest import evaluate


def last_state(text):
    return re.split(r"[\r\n]", text.strip())[-1]


def test_images_left_out_are_counted_apart(toy, reds, protocol, conditions, tmp_path, capsys):
    with pytest.raises(IncompleteError):
        evaluate([reds()], toy(broken=(2,)), protocol, conditions, tmp_path, progress=True)
    state = last_state(capsys.readouterr().err)
    assert " 25/30 " in state
    assert "left out=5" in state
    evaluate([reds()], toy(), protocol, conditions, tmp_path, progress=True)
    state = last_state(capsys.readouterr().err)
    assert " 30/30 " in state
    assert "left out" not in state


def test_those_that_a_model_fails_on_too(toy, reds, protocol, conditions, tmp_path, capsys):
    class Failing(reds):
        def __call__(self, image):
            answer = super().__call__(image)
            if self.calls in (3, 17):
                raise ValueError("no answer")
            return answer

    with pytest.raises(IncompleteError):
        evaluate([Failing()], toy(), protocol, conditions, tmp_path, progress=True)
    state = last_state(capsys.readouterr().err)
    assert " 28/30 " in state
    assert "left out=2" in state
