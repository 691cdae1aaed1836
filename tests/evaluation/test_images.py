"""Images made ahead: in order, few at a time, and each decoded once."""

import pytest

from robustbench_seg.evaluation.images import ImageMaker, SourceImage
from tests.evaluation.conftest import evaluation


@pytest.mark.parametrize(("workers", "ahead"), [(1, 1), (2, 5)])
def test_few_images_are_made_ahead_and_in_order(toy, protocol, workers, ahead):
    data = toy(1)
    conditions = protocol.conditions(["contrast", "brightness", "saturate"])
    asked = []

    def wanted():
        source = SourceImage(data, 0)
        for condition in conditions:
            asked.append(condition)
            yield source, condition

    with ImageMaker(evaluation([], data, protocol, conditions, workers=workers)) as maker:
        making = maker.all(wanted())
        first = next(making)
        assert len(asked) == ahead
        made = [first, *making]
    assert tuple(one.condition for one in made) == conditions
    assert data.reads == [0]
