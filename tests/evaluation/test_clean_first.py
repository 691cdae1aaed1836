"""If a published score allows a check, clean images are evaluated first."""

import pytest

from robustbench_seg.evaluation.inputs import evaluation
from robustbench_seg.records.values.shard import Shard
from tests.evaluation.conftest import evaluate

SCORE = {"published": {"miou": 31.0, "source": "the paper"}, "published_on": "toy"}


@pytest.fixture(autouse=True)
def toy_is_published(monkeypatch):
    monkeypatch.setattr(evaluation, "published_images", {"toy": 6}.get)


def test_a_wrong_clean_score_is_told_before_the_long_part(
    toy, reds, protocol, conditions, tmp_path, caplog
):
    heard = []

    class Listening(reds):
        def __call__(self, image):
            heard.append(len(caplog.messages))
            return super().__call__(image)

    data = toy()
    evaluate([Listening(about=SCORE)], data, protocol, conditions, tmp_path)
    assert heard == [0] * 6 + [1] * 6 * 4
    assert caplog.messages[0].startswith(
        "reds: its clean mIoU is 100.0, but the published one is 31.0 (the p"
    )
    assert data.reads == 2 * list(range(6))


@pytest.mark.parametrize(
    ("dataset", "about", "options"),
    [
        ({}, {"published": None}, {}),
        ({}, {**SCORE, "published_on": "other"}, {}),
        ({"split": "train"}, SCORE, {}),
        ({"count": 5}, SCORE, {}),
        ({}, SCORE, {"shard": Shard(1, 2)}),
    ],
)
def test_what_cannot_be_compared_is_decoded_once(
    toy, reds, protocol, conditions, tmp_path, caplog, dataset, about, options
):
    data = toy(**dataset)
    evaluate([reds(about=about)], data, protocol, conditions, tmp_path, **options)
    assert len(data.reads) == len(set(data.reads))
    assert caplog.messages == []
