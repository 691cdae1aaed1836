"""`--precision int8`: the calibration images of evaluations, and their record in runs."""

import pytest
from click.testing import CliRunner

import robustbench_seg as rs
from robustbench_seg.cli.main import main
from robustbench_seg.datasets import open_dataset
from robustbench_seg.errors import DatasetError, OptionError
from robustbench_seg.segmenter.loading import backends, quantised_network
from tests.evaluation.test_backend_choice import QuickRuntime

CARD = "deeplabv3plus-mobilenetv2-minicity"


@pytest.fixture
def calibrated(monkeypatch):
    """Have torch run the network, without the minute of an export; list the inputs' counts."""
    counts = []

    def write(network, inputs, path):
        counts.append(len(list(inputs)))

    def run_in(backend, described, device, graph):
        return backends.run_in(backend, described, device)

    monkeypatch.setattr(quantised_network, "CALIBRATION_IMAGES", 3)
    monkeypatch.setattr(quantised_network, "find_graph", lambda key: None)
    monkeypatch.setattr(quantised_network, "write_quantised_graph", write)
    monkeypatch.setattr(quantised_network, "keep_graph", lambda key, graph: None)
    monkeypatch.setattr(quantised_network, "run_in", run_in)
    monkeypatch.setattr(backends, "OpenVinoNetwork", QuickRuntime)
    monkeypatch.setattr(backends, "import_openvino", lambda device: None)
    return counts


def evaluate(tmp_path, **options):
    (run,) = rs.evaluate(
        **{"model": CARD, "dataset": "minicity", "limit": 2, "corruptions": "clean"} | options,
        out=tmp_path,
    )
    return run


def test_images_of_the_train_split_calibrate_and_are_recorded(tmp_path, calibrated):
    plain = evaluate(tmp_path)
    int8 = evaluate(tmp_path, precision="int8", backend="openvino")
    assert calibrated == [3]
    key = int8.record.key.segmenter
    train = open_dataset("minicity", split="train")
    assert (key.precision, key.runtime, key.calibration.split) == ("int8", "openvino", "train")
    assert key.calibration.images == (train.ids[0], train.ids[300], train.ids[-1])
    assert not set(key.calibration.images) & set(open_dataset("minicity").ids)
    assert int8.record.model == f"{CARD}-int8"
    assert int8.path != plain.path
    assert plain.record.key.segmenter.calibration is None
    kinds = {each.name: each.kind for each in int8.record.differences(plain.record)}
    assert kinds["precision"] == kinds["calibration"] == "inference"
    again = evaluate(tmp_path, precision="int8", backend="openvino")
    assert again.path == int8.path


def test_other_calibration_images_are_another_run(tmp_path, calibrated, monkeypatch):
    first = evaluate(tmp_path, precision="int8", backend="openvino")
    monkeypatch.setattr(quantised_network, "CALIBRATION_IMAGES", 2)
    second = evaluate(tmp_path, precision="int8", backend="openvino")
    assert first.path != second.path


def test_a_split_that_is_scored_does_not_calibrate(tmp_path, calibrated, toy):
    with pytest.raises(DatasetError, match="minicity train: precision int8 needs images that are"):
        evaluate(tmp_path, precision="int8", backend="openvino", split="train")
    quantised = rs.load_segmenter(
        CARD, precision="int8", backend="openvino", calibration=open_dataset("minicity")
    )
    with pytest.raises(OptionError, match="was quantised with images of minicity val, which are"):
        evaluate(tmp_path, model=quantised)


def test_it_gives_no_gradient(tmp_path):
    with pytest.raises(OptionError, match="attacks need a gradient, which precision int8 does not"):
        evaluate(
            tmp_path,
            precision="int8",
            backend="openvino",
            protocol="attacks",
            corruptions="fgsm",
        )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "int8 needs the backend onnxruntime or openvino, not torch; choose one of them"),
        (("--backend", "auto"), "onnxruntime or openvino, not auto; choose one of them"),
        (("--backend", "openvino", "--adapt", "bn"), "in int8 cannot be adapted; leave out adapt"),
        (("--backend", "openvino", "--device", "cuda"), "precision int8 is for the CPU, not 'cuda"),
    ],
)
def test_the_command_line_refuses_in_one_line(tmp_path, options, message):
    given = ["evaluate", "--model", CARD, "--dataset", "minicity", "--precision", "int8", *options]
    result = CliRunner().invoke(main, [*given, "--out", str(tmp_path)])
    assert result.exit_code == 2 or isinstance(result.exception, OptionError)
    said = str(result.exception) if isinstance(result.exception, OptionError) else result.output
    assert message in said
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["train", "cost"])
def test_trainings_and_measurements_have_no_int8(command):
    result = CliRunner().invoke(main, [command, "--precision", "int8"])
    assert result.exit_code == 2
    assert "'int8' is not one of" in result.output
