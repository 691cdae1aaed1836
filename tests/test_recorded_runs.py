import pytest

from robustbench_seg.demo import MODELS, recorded_runs
from robustbench_seg.evaluation import evaluate
from robustbench_seg.records.cards.model_card import load_card
from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.reporting.panels import read_panels
from robustbench_seg.results import read_model
from robustbench_seg.store import condition_scores, group_runs, read_counts

PROTOCOL = load_protocol()


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    """Runs of the shipped weights, only on clean images."""
    out = tmp_path_factory.mktemp("live")
    runs = evaluate(model=MODELS, dataset="minicity", corruptions="clean", out=out)
    return [run.path for run in runs]


def test_the_shipped_weights_score_what_their_cards_claim(live):
    clean = condition_scores(read_counts(live)).set_index("model")["miou"]
    assert set(clean.index) == set(MODELS)
    for name, miou in clean.items():
        # Rounded to 0.01 in the card; other processors may flip a few pixels.
        assert miou == pytest.approx(load_card(name).published.miou, abs=0.1)
        assert miou < 90, "minicity is no task any more"


def test_they_are_trainings_of_the_shipped_models_as_those_are_scored_today(live):
    # This fails after a new version of minicity, the draws or a severity table: record again.
    groups = {folders[0]: folders[1:] for folders in group_runs([*live, recorded_runs()])}
    assert set(groups) == set(live)
    assert [len(folders) for folders in groups.values()] == [2, 2]


def test_they_are_whole():
    for folders in group_runs(recorded_runs()):
        model = read_model(folders, PROTOCOL, resamples=10)
        assert model.name in MODELS
        assert model.training_seeds == (1, 2)
        assert model.missing_images == {}


def test_the_report_counts_three_trainings(live):
    (panel,) = read_panels([*live, recorded_runs()])
    assert {row.name for row in panel.models} == set(MODELS)
    assert {row.scores.trainings for row in panel.models} == {3}
