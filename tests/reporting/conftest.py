"""One report, written once, that several tests look at, and a real browser."""

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # makes fake_runs importable

from fake_runs import HOSTILE, Score, steady, weaker, write_run

from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.page.page import write_page
from robustbench_seg.reporting.panels import read_panels


def broken(corruption: str, severity: int, image: int) -> int | str | None:
    """No fog above severity 2; the second image under snow was unreadable."""
    if corruption == "fog" and severity > 2:
        return None
    if corruption == "snow" and image == 1:
        return "town/1.png: truncated"
    return 60 - 2 * severity


CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    """Chromium without a window; the test is skipped where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if path is None:
        pytest.skip("no Chromium here: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Path]:
    """write_run into a fresh folder."""

    def make(model: str, score: Score = steady, **options: object) -> Path:
        return write_run(tmp_path / "runs", model, score, **options)  # type: ignore[arg-type]

    return make


@pytest.fixture
def three_published(monkeypatch: pytest.MonkeyPatch, published_on: Callable[..., None]) -> None:
    """Patch published scores to the three images of the test runs."""
    published_on(monkeypatch, 3)


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two complete runs, one of them with pictures, and one with holes and a hostile name."""
    root = tmp_path_factory.mktemp("runs")
    pictures = [CLEAN, *load_protocol().conditions(["snow", "fog"], [1, 3, 5])]
    write_run(root, "alpha", steady, pictures=pictures)
    write_run(root, "beta", weaker)
    write_run(root, HOSTILE, broken)
    return root


@pytest.fixture(scope="session")
def report(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of their report."""
    return write_page(read_panels([runs]), tmp_path_factory.mktemp("report")).parent
