"""`--backend auto`: its meaning when a run starts, and when it continues."""

import json
import sys

import numpy as np
import pytest
from click.testing import CliRunner

import robustbench_seg as rs
from robustbench_seg.cli.main import main
from robustbench_seg.datasets import open_dataset
from robustbench_seg.errors import ModelError
from robustbench_seg.evaluation.backend_choice import choose_backends
from robustbench_seg.evaluation.inputs.opening import open_evaluation
from robustbench_seg.records.specs.evaluation_spec import evaluation_spec
from robustbench_seg.segmenter.loading import backends
from tests.evaluation.conftest import Toy

B0 = "segformer-b0-minicity"
MOBILENET = "deeplabv3plus-mobilenetv2-minicity"


class QuickRuntime(backends.nn.Module):
    """In place of OpenVINO, which takes seconds to convert a network: torch under its name."""

    version = "1"

    def __init__(self, network, device):
        super().__init__()
        if device != "cpu":
            raise ModelError(f"runs on the CPU, not on '{device}'")
        self._network = network

    def forward(self, images):
        return self._network(images)


@pytest.fixture
def install(monkeypatch):
    """Install OpenVINO, or remove it."""
    monkeypatch.setattr(backends, "OpenVinoNetwork", QuickRuntime)

    def change(is_there):
        monkeypatch.setattr(backends, "find_spec", lambda name: object() if is_there else None)

        def missing(network, device):
            raise ModelError("the backend openvino is not installed: pip install something")

        monkeypatch.setattr(backends, "OpenVinoNetwork", QuickRuntime if is_there else missing)
        present = (lambda device: None) if is_there else (lambda device: missing(None, device))
        monkeypatch.setattr(backends, "import_openvino", present)

    return change


def told(caplog):
    """The log messages about backends."""
    return [message for message in caplog.messages if "backend" in message]


@pytest.fixture
def evaluate(tmp_path):
    def run(**options):
        given = {"model": B0, "dataset": "minicity", "limit": 2, "corruptions": "clean"}
        given |= {"measures": "confusion", "out": tmp_path / "runs", "backend": "auto"}
        (found,) = rs.evaluate(**given | options)
        return found

    return run


@pytest.mark.parametrize(("is_there", "runtime"), [(True, "openvino"), (False, "torch")])
def test_the_key_names_what_was_chosen(evaluate, install, is_there, runtime):
    install(is_there)
    run = evaluate()
    assert run.record.key.segmenter.runtime == runtime
    assert (run.record.about.libraries.get("openvino") is not None) == is_there
    assert '"auto"' not in (run.path / "run.json").read_text()
    named = evaluate(backend=runtime)
    assert named.path == run.path
    assert len(list((run.path / "parts").iterdir())) == 1  # nothing was recomputed


def test_a_run_of_torch_goes_on_in_torch_where_openvino_was_installed(evaluate, install, caplog):
    install(False)
    begun = evaluate(limit=2)
    assert not told(caplog)
    install(True)
    (went_on,) = {evaluate(limit=2).path, evaluate(limit=2, corruptions="contrast").path}
    assert went_on == begun.path
    assert told(caplog) == 2 * [
        f"{begun.path} began with the backend torch and continues with it; a new run would use "
        "openvino"
    ]
    # Other images form another run.
    assert evaluate(limit=1).record.key.segmenter.runtime == "openvino"


def test_another_seed_has_the_backend_of_the_first(evaluate, install):
    install(False)
    evaluate(corruptions="gaussian_noise", severities=1)
    install(True)
    other = evaluate(corruptions="gaussian_noise", severities=1, seeds=1)
    assert other.record.key.segmenter.runtime == "torch"


def test_of_two_runs_the_one_of_the_same_seed_goes_on(evaluate, install, caplog):
    install(True)
    noise = {"corruptions": "gaussian_noise", "severities": 1}
    evaluate(**noise, backend="torch")
    second = evaluate(**noise, seeds=1, backend="openvino")
    assert evaluate(**noise, seeds=1).path == second.path
    assert not told(caplog)


def test_a_run_of_openvino_is_not_computed_anew_where_it_was_removed(evaluate, install, tmp_path):
    install(True)
    begun = evaluate()
    install(False)
    with pytest.raises(ModelError) as caught:
        evaluate()
    said = str(caught.value)
    assert said.startswith(f"{begun.path} began with the backend openvino, which cannot continue (")
    assert said.endswith("give the backend torch to compute the run again")
    assert "\n" not in said
    assert len(list((tmp_path / "runs").iterdir())) == 1
    assert evaluate(backend="torch").path != begun.path


def test_a_damaged_run_beside_it_is_no_obstacle(evaluate, install):
    install(True)
    begun = evaluate()
    beside = begun.path.with_name(f"{begun.path.name}0")
    beside.mkdir()
    (beside / "run.json").write_text("{")
    assert evaluate().path == begun.path


@pytest.mark.parametrize(
    "options",
    [
        {"precision": "bf16"},
        {"adapt": "bn", "model": MOBILENET},
        {"protocol": "attacks", "corruptions": "pgd", "severities": 1},
    ],
    ids=lambda options: next(iter(options)),
)
def test_what_only_torch_can_is_torch_s(install, tmp_path, options):
    install(True)
    given = {"model": B0, "dataset": "minicity", "out": tmp_path, "backend": "auto"}
    opened = open_evaluation(evaluation_spec(**given | options))
    (segmenter,) = choose_backends(opened).segmenters
    assert segmenter.record.runtime == "torch"


def test_images_of_many_sizes_are_torch_s(evaluate, install, tmp_path):
    cityscapes = open_dataset("minicity")

    class Large(Toy):
        """Of another size each, if `step` is not 0."""

        palette, step = cityscapes.palette, 0

        def image(self, index):
            image = super().image(index).repeat(3, axis=0).repeat(3, axis=1)
            return image[: 120 - self.step * index]

    class Uneven(Large):
        step = 8

    install(True)
    for kind, runtime in ((Uneven, "torch"), (Large, "openvino")):
        data = kind(3, classes=cityscapes.classes)
        run = evaluate(dataset=data, limit=None, out=tmp_path / runtime)
        assert run.record.key.segmenter.runtime == runtime


def test_other_models_decide_themselves(evaluate, install):
    install(True)
    run = evaluate(
        model=lambda image: np.zeros(image.shape[:2], np.uint8),
        name="nothing",
        classes=open_dataset("minicity").classes,
        version="1",
    )
    assert run.record.key.segmenter.runtime == "python"


def test_the_command(install, tmp_path):
    install(True)
    words = ["evaluate", "--model", B0, "--dataset", "minicity", "--limit", "1", "--corruption"]
    words += ["clean", "--measure", "confusion", "--backend", "auto", "--out", str(tmp_path)]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    (path,) = tmp_path.glob("*/run.json")
    assert json.loads(path.read_text())["key"]["segmenter"]["runtime"] == "openvino"


@pytest.mark.slow
@pytest.mark.parametrize("card", [B0, MOBILENET])
def test_openvino_and_torch_give_the_labels_of_shipped_networks(card):
    pytest.importorskip("openvino")
    quick, torch = rs.load_segmenter(card, backend="auto"), rs.load_segmenter(card)
    assert (quick.record.runtime, torch.record.runtime) == ("openvino", "torch")
    data = open_dataset("minicity")
    different = [quick(one.image) != torch(one.image) for one in data]
    assert np.mean(different) <= 1e-5


def test_without_openvino_python_loads_the_network_in_torch(monkeypatch):
    monkeypatch.setitem(sys.modules, "openvino", None)
    assert rs.load_segmenter(B0, backend="auto").record.runtime == "torch"
