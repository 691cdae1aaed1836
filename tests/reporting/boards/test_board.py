"""Boards: ranks as the report has them, published rows, cost fronts, and the cache."""

import math
import shutil
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from fake_runs import steady, weaker, write_run

import robustbench_seg as rs
from robustbench_seg.errors import ResultsError
from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.reporting.boards import entry_cache
from robustbench_seg.reporting.boards.board_reader import read_boards
from robustbench_seg.reporting.boards.board_tables import board_ranking
from robustbench_seg.reporting.boards.cost_comparison import cost_gap_table
from robustbench_seg.reporting.literature.published_tables import published_table
from robustbench_seg.reporting.page.panel_ranking import panel_ranking
from robustbench_seg.reporting.panels import read_panels
from robustbench_seg.results.summaries.mpc import with_every_severity


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ROBUSTSEG_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def like(shift: float, noise: int):
    """A model that is `shift` points worse; `noise` makes its images differ."""

    def score(corruption: str, severity: int, image: int) -> int:
        return int(78 - shift - 4 * severity + (image * noise) % 7)

    return score


@pytest.fixture(scope="module")
def several(tmp_path_factory):
    runs = tmp_path_factory.mktemp("several") / "runs"
    for n, (shift, noise) in enumerate([(0, 1), (0, 5), (1, 2), (9, 3), (9, 4), (20, 1)]):
        write_run(runs, f"m{n}", like(shift, noise), images=12, weights=str(n))
    return runs


@pytest.fixture(scope="module")
def full_cache(tmp_path_factory):
    """The cache after `board` is read."""
    return tmp_path_factory.mktemp("full") / "cache"


@pytest.fixture(scope="module")
def board(several, full_cache):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROBUSTSEG_CACHE", str(full_cache))
        (board,) = read_boards(several)
    return board


@pytest.fixture(scope="module")
def panel(several):
    (panel,) = read_panels([several])
    return panel


def test_ranks_by_the_mean_are_those_of_the_report(board, panel):
    wanted = list(zip(panel.miou["model"], panel.ranks, strict=True))
    assert [(row.name, row.rank) for row in board.rankings["mean"]] == wanted
    assert any("=" in rank for _, rank in wanted), "some share a rank"
    assert any("=" not in rank for _, rank in wanted), "some do not"


def test_scores_and_intervals_are_those_of_the_report(several, board, panel):
    table = rs.scores(several)
    table = table[(table["metric"] == "mean") & table["category"].isna()].set_index("model")
    for row in board.rankings["mean"]:
        line = table.loc[row.name]
        assert (row.value, row.low, row.high) == (line["value"], line["ci_low"], line["ci_high"])
    wanted = panel.miou[board.miou.columns]
    pd.testing.assert_frame_equal(board.miou, wanted, check_dtype=False)


def test_the_ranking_has_the_cells_of_the_report(tmp_path, three_published):
    about = {"about": {"macs": 10**9}, "dataset": "cityscapes", "predict": 0.25}
    write_run(tmp_path / "runs", "alpha", steady, **about)
    write_run(tmp_path / "runs", "beta", weaker, weights="1", **about)
    (board,), (panel,) = read_boards(tmp_path / "runs"), read_panels([tmp_path / "runs"])
    links = {"alpha": "alpha.html", "beta": "beta.html"}
    tables = [board_ranking(board, links), panel_ranking(panel)]
    found = [
        [
            {
                column.name.partition(" of ")[0]: (cell.text, cell.title)
                for column, cell in zip(table.columns, row.cells, strict=True)
            }
            for row in table.rows
        ]
        for table in tables
    ]
    assert len(found[0]) == 2 + 13
    shared = {"model", "clean", "mean", "retention", *load_protocol().by_category}
    shared |= {"params, M", "GMAC", "images/s"}
    for ours, theirs in zip(*found, strict=True):
        assert shared <= ours.keys()
        assert ours.items() <= theirs.items()
    ranks = [[row.cells[0].rank for row in table.rows] for table in tables]
    assert ranks[0] == ranks[1]


def test_the_tables_are_those_of_the_report_also_of_models_of_one_name(tmp_path):
    write_run(tmp_path / "runs", "alpha", steady)
    write_run(tmp_path / "runs", "alpha", weaker, weights="1")
    (board,), (panel,) = read_boards(tmp_path / "runs"), read_panels([tmp_path / "runs"])
    names = [model.name for model in board.models]
    assert all(name.startswith("alpha [") for name in names)
    for name in ("miou", "per_severity", "per_class"):
        ours, theirs = getattr(board, name), getattr(panel, name)
        assert ours["model"].unique().tolist() == names
        pd.testing.assert_frame_equal(ours, theirs, check_dtype=False)


def test_a_lower_score_that_is_better_ranks_first(board):
    down = [score.key for score in board.scores.values() if not score.higher_is_better]
    for key in down:
        values = [row.value for row in board.rankings[key]]
        assert values == sorted(values)


def test_an_incomplete_model_has_no_rank_by_its_mean_but_by_what_it_has(tmp_path):
    write_run(tmp_path / "runs", "whole", weaker)
    lacks_fog = lambda name, severity, image: None if name == "fog" else 50  # noqa: E731
    write_run(tmp_path / "runs", "part", lacks_fog, weights="1")
    (board,) = read_boards(tmp_path / "runs")
    assert [row.name for row in board.rankings["mean"]] == ["whole"]
    assert [row.name for row in board.rankings["snow"]] == ["whole", "part"]
    assert "not run" in board.models[1].scores.missing_images["fog"]


def test_a_board_is_the_same_whatever_the_order_of_its_runs(tmp_path):
    scores = {"beta": weaker, "alpha": lambda name, *at: None if name == "fog" else 50}
    scores["gamma"] = scores["alpha"]
    runs = [write_run(tmp_path / "runs", name, score) for name, score in scores.items()]
    for order in (runs, runs[::-1]):
        (board,) = read_boards(order)
        assert [entry.name for entry in board.models] == ["beta", "alpha", "gamma"]
        assert board.miou["model"].tolist() == ["beta", "alpha", "gamma"]


def test_published_rows_rank_without_a_flag_and_under_the_same_protocol_alone(
    tmp_path, three_published, monkeypatch
):
    write_run(tmp_path / "runs", "alpha", steady, dataset="cityscapes")
    (board,) = read_boards(tmp_path / "runs")
    published = [row for row in board.rankings["mean"] if row.source == "published"]
    assert len(published) == 13
    assert all("=" not in row.rank and math.isnan(row.low) for row in published)
    elsewhere = board.published.elsewhere
    flagged = elsewhere[elsewhere["reason"].str.startswith("inconsistent in itself")]
    assert len(flagged) > 0
    names = set(elsewhere["model"])
    assert not {row.name for row in published} & set(flagged["model"])
    assert (elsewhere["reason"] != "").all()
    assert names


def test_published_rows_rank_by_category(tmp_path, three_published):
    write_run(tmp_path / "runs", "alpha", steady, dataset="cityscapes")
    (board,) = read_boards(tmp_path / "runs")
    (b5,) = [row for row in board.rankings["category noise"] if row.name == "SegFormer-B5"]
    cells = published_table("cityscapes_c").set_index("model").loc["SegFormer-B5"]
    noises = ["gaussian_noise", "impulse_noise", "shot_noise", "speckle_noise"]
    assert b5.value == pytest.approx(sum(cells[name] for name in noises) / 4)
    assert b5.source == "published"
    table = board_ranking(board, {"alpha": "alpha.html"})
    (noise,) = [n for n, column in enumerate(table.columns) if column.name == "noise"]
    (row,) = [row for row in table.rows if row.cells[0].text == "SegFormer-B5"]
    assert row.cells[noise].text == f"{b5.value:.1f}"


def test_the_page_of_a_model_names_what_its_scores_lack(tmp_path):
    def lacks(name, severity, image):
        return None if name == "fog" or (name == "gaussian_noise" and severity > 3) else 50

    write_run(tmp_path / "runs", "part", lacks)
    (board,) = read_boards(tmp_path / "runs")
    (entry,) = board.models
    assert "not run" in entry.scores.missing_images["gaussian_noise"]  # this severity is not scored
    assert list(entry.missing_images) == ["fog"]
    table = board_ranking(board, {"part": "part.html"})
    (cell,) = [cell for row in table.rows for cell in row.cells if cell.text == "incomplete"]
    assert cell.title == "fog: not run"


def test_published_rows_do_not_rank_beside_other_images(tmp_path):
    write_run(tmp_path / "runs", "alpha", steady, dataset="cityscapes")
    (board,) = read_boards(tmp_path / "runs")
    assert [row.name for row in board.rankings["mean"]] == ["alpha"]
    assert list(board.published.elsewhere["source"]).count("cityscapes_c") == 13


def test_datasets_and_protocols_have_boards_of_their_own(tmp_path):
    write_run(tmp_path / "runs", "alpha", steady)
    write_run(tmp_path / "runs", "alpha", steady, images=5)
    write_run(tmp_path / "runs", "alpha", steady, dataset="camvid")
    names = [board.name for board in read_boards(tmp_path / "runs")]
    assert sorted(names) == [
        "camvid val (cityscapes-c)",
        "minicity val, 3 images (cityscapes-c)",
        "minicity val, 5 images (cityscapes-c)",
    ]


def test_trainings_of_one_model_are_one_entry(tmp_path):
    for seed in (1, 2):
        write_run(tmp_path / "runs", "alpha", steady, trained=seed)
    (board,) = read_boards(tmp_path / "runs")
    (entry,) = board.models
    assert entry.scores.trainings == 2


def test_a_known_run_is_not_scored_again(several, board, full_cache, monkeypatch):
    def never(*_):
        raise AssertionError

    monkeypatch.setenv("ROBUSTSEG_CACHE", str(full_cache))
    monkeypatch.setattr(entry_cache, "entry_scores", never)
    (second,) = read_boards(several)
    assert second.rankings == board.rankings
    pd.testing.assert_frame_equal(second.miou, board.miou)
    for one, other in zip(board.models, second.models, strict=True):
        for name in ("severity_rows", "class_rows"):
            rows, again = getattr(one.scores, name), getattr(other.scores, name)
            pd.testing.assert_frame_equal(rows, again, check_dtype=False)


def test_several_processes_score_what_one_would(several, board, monkeypatch):
    monkeypatch.setattr(entry_cache, "_MANY", 2)
    here = []
    scored_here = entry_cache.entry_scores
    monkeypatch.setattr(
        entry_cache, "entry_scores", lambda *given: here.append(given) or scored_here(*given)
    )
    (together,) = read_boards(several, processes=2)
    assert here == [], "the other processes have filled the cache"
    assert together.rankings == board.rankings
    pd.testing.assert_frame_equal(together.miou, board.miou)


def test_a_run_that_got_more_rows_is_scored_again(tmp_path):
    run = write_run(tmp_path / "runs", "alpha", lambda name, s, i: 80 if name == "clean" else None)
    (before,) = read_boards(run)
    write_run(tmp_path / "runs", "alpha", steady)
    (after,) = read_boards(run)
    assert (len(before.rankings["mean"]), len(after.rankings["mean"])) == (0, 1)


@pytest.fixture
def scored(monkeypatch):
    """The runs that are scored, not read from the cache."""
    found = []

    def score(folders, protocol, own=entry_cache.entry_scores):
        found.append(folders)
        return own(folders, protocol)

    monkeypatch.setattr(entry_cache, "entry_scores", score)
    return found


def test_another_protocol_another_record_and_times_are_scored_again(tmp_path, scored):
    run = write_run(tmp_path / "runs", "alpha", steady)
    protocol = load_protocol()
    (board,) = read_boards(run, protocol)
    (every,) = read_boards(run, with_every_severity(protocol))
    assert len(scored) == 2
    mean, mpc = (board.rankings[name][0].value for name in ("mean", "mPC"))
    assert every.rankings["mean"][0].value == pytest.approx(mpc) != pytest.approx(mean)
    record = run / "run.json"
    record.write_text(record.read_text() + " ")
    read_boards(run, protocol)
    assert len(scored) == 3
    write_run(tmp_path / "runs", "alpha", steady, predict=0.25)
    (timed,) = read_boards(run, protocol)
    assert math.isnan(board.models[0].scores.seconds)
    assert timed.models[0].scores.seconds == 0.25
    read_boards(run, protocol)
    assert len(scored) == 4


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """A copy of the program, for tests to change."""
    copied = tmp_path_factory.mktemp("package") / "package"
    ignored = shutil.ignore_patterns("__pycache__")
    return shutil.copytree(Path(rs.__file__).parent, copied, ignore=ignored)


@pytest.mark.parametrize(
    "file",
    [
        "text.py",
        "codec/tables.py",
        "records/values/attacks.py",
        "measures/iou.py",
        "store/tables.py",
        "results/models/bootstrap.py",
        "reporting/ranking/model_group.py",
    ],
)
def test_scores_of_other_code_are_made_anew(package, tmp_path, scored, monkeypatch, file):
    monkeypatch.setattr(entry_cache, "resources", SimpleNamespace(files=lambda _: package))
    # A process reads its own code only once; undo this.
    monkeypatch.setattr(entry_cache, "_source", entry_cache._source.__wrapped__)
    run = write_run(tmp_path / "runs", "alpha", steady)
    read_boards(run)
    read_boards(run)
    assert len(scored) == 1
    source = package / file
    source.write_text(source.read_text() + "# changed\n")
    read_boards(run)
    read_boards(run)
    assert len(scored) == 2


def test_scores_of_other_class_groups_are_made_anew(tmp_path, scored, monkeypatch):
    monkeypatch.setattr(entry_cache, "content_folder", lambda _: tmp_path)
    monkeypatch.setattr(entry_cache, "_source", entry_cache._source.__wrapped__)
    facts = tmp_path / "cityscapes.toml"
    facts.write_text("before")
    run = write_run(tmp_path / "runs", "alpha", steady)
    read_boards(run)
    facts.write_text("after")
    read_boards(run)
    read_boards(run)
    assert len(scored) == 2


def test_a_damaged_cache_is_made_anew(several, board, full_cache, cache):
    shutil.copytree(full_cache, cache)
    files = list((cache / "leaderboard").iterdir())
    assert len(files) == 6
    for file in files:
        file.write_bytes(file.read_bytes()[:100])
    (second,) = read_boards(several)
    assert second.rankings == board.rankings


def test_a_cache_that_cannot_be_written_is_none(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("ROBUSTSEG_CACHE", str(tmp_path / "file"))
    assert len(read_boards(write_run(tmp_path / "runs", "alpha", steady))) == 1


def test_no_run_is_one_line(tmp_path):
    with pytest.raises(ResultsError, match="neither a run folder"):
        read_boards(tmp_path)


def test_costs_say_how_far_a_model_is_behind(tmp_path):
    for name, shift, gmacs, seconds in (("a", 0, 400, 0.1), ("b", 10, 100, 0.2), ("c", 12, 200, 1)):
        about = {"macs": gmacs * 10**9}
        score = like(shift, 0)
        options = {"about": about, "weights": name, "predict": seconds}
        write_run(tmp_path / "runs", name, score, **options)
    (board,) = read_boards(tmp_path / "runs")
    table = cost_gap_table(board, dict.fromkeys("abc", ""))
    found = {row.cells[0].text: [cell.text for cell in row.cells[2:6]] for row in table.rows}
    assert found == {
        "a": ["400.0", "0.0", "10", "0.0"],
        "b": ["100.0", "0.0", "5", "10.0"],
        "c": ["200.0", "2.0", "1", "12.0"],
    }


def test_seeds_and_trainings_stand_behind_a_name_as_in_a_report(tmp_path):
    root = tmp_path / "runs"
    runs = [write_run(root, "alpha", steady), write_run(root, "alpha", steady, seed=1)]
    runs.append(write_run(root, "beta", weaker))
    (board,), (panel,) = read_boards(runs), read_panels(runs)
    assert {entry.name: entry.tag for entry in board.models} == {"alpha": "2 seeds", "beta": None}
    assert {row.name: row.model.tag for row in panel.ranking} == {"alpha": "2 seeds", "beta": None}
