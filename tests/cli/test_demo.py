import pandas as pd
import pytest
from click.testing import CliRunner

from robustbench_seg.cli.main import main
from robustbench_seg.datasets import minicity
from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.segmenter import NetworkSegmenter


@pytest.fixture(scope="module", autouse=True)
def small(blank):
    """Images of half the size, and no figures: the whole demo takes a minute."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            minicity, "open_minicity", lambda _, split: minicity.Minicity(split, (96, 192))
        )
        blank(patch)
        yield


@pytest.fixture(scope="module")
def demo(small, tmp_path_factory):
    """The demo on one image: its output and its folder."""
    out = tmp_path_factory.mktemp("demo")
    return CliRunner().invoke(main, ["demo", "--limit", "1", "--out", str(out)]), out


def test_the_demo_ends_in_a_report_and_says_what_was_learnt(demo):
    result, out = demo
    assert result.exit_code == 0, result.output
    assert str(out / "report" / "index.html") in result.stdout
    assert "1 image of minicity val" in result.stdout
    assert "segformer-b0-minicity" in (out / "report" / "index.html").read_text()


def test_all_cells_are_there(demo):
    _, out = demo
    table = pd.read_csv(out / "report" / "tables" / "miou.csv")
    measured = table[table["source"] == "measured"]
    assert len(measured) == 2
    assert measured[["clean", *load_protocol().names, "mean", "retention"]].notna().all(axis=None)


def test_started_again_it_computes_nothing(demo, monkeypatch):
    _, out = demo
    seen = []
    monkeypatch.setattr(NetworkSegmenter, "__call__", lambda self, image: seen.append(image))
    result = CliRunner().invoke(main, ["demo", "--limit", "1", "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert seen == []
