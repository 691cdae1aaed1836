"""The definitions at the end of the page."""

from robustbench_seg.reporting.html.definitions import definitions
from robustbench_seg.reporting.literature.citations import DEGRADATION_CITATION


def test_the_definition_of_cd_cites_the_paper_as_the_captions_do():
    (cd,) = [each for each in definitions() if each.term == "CD, rCD"]
    assert f"({DEGRADATION_CITATION})" in cd.text
