"""The protocol that scores a run: the one in its run.json, an included one, or a given one."""

import json
from dataclasses import replace

import pytest

import robustbench_seg as rs
from robustbench_seg.errors import ResultsError
from robustbench_seg.records.cards.protocol import ProtocolFile, load_protocol
from robustbench_seg.records.runs.run_file import read_record
from robustbench_seg.store import check_parameters, scoring_protocol


def own(scored=(1, 2, 3), names=("fog", "snow"), name="mine"):
    """A protocol of some corruptions of cityscapes-c with the same parameters."""
    chosen = (replace(load_protocol().perturbation(each), scored=scored) for each in names)
    return replace(load_protocol(), name=name, perturbations=tuple(chosen))


@pytest.fixture
def own_run(run):
    """Write a run that began under a protocol of one's own."""

    def write(model, protocol, **options):
        return run(
            model,
            images=3,
            protocol=protocol.name,
            own_protocol=ProtocolFile.of(protocol),
            severities=protocol.severities_digest,
            **options,
        )

    return write


def test_an_included_protocol_or_a_given_one(run):
    folder, given = run("a"), load_protocol("city-c-fan")
    assert scoring_protocol([folder]) == load_protocol("cityscapes-c")
    assert scoring_protocol([folder], given) is given


def test_a_protocol_of_ones_own_is_in_the_run(own_run):
    folder, protocol = own_run("a", own()), own()
    assert scoring_protocol([folder]) == protocol
    table = rs.scores(folder)
    found = table[(table["metric"] == "miou") & (table["corruption"] == "fog")]
    assert set(found["severities"]) == {"1-3", "1", "2", "3", "4", "5"}
    assert set(table["protocol"]) == {"mine"}


def test_a_run_of_an_older_version_needs_the_file(run):
    folder = run("a", protocol="mine")
    with pytest.raises(ResultsError, match=r"its protocol is not available: .*; name the protoc"):
        scoring_protocol([folder])


def test_another_run_of_the_model_may_hold_it(run, own_run):
    same = own().severities_digest
    older = run("a", images=3, protocol="mine", severities=same)
    newer = own_run("a", own(), seed=1)
    assert scoring_protocol([older, newer]) == scoring_protocol([newer, older]) == own()


def test_two_protocols_of_one_name_are_refused_unless_one_is_given(own_run):
    mild, all_severities = own_run("a", own()), own_run("b", own((1, 2, 3, 4, 5)))
    message = (
        r"b-.*: its protocol mine differs from that of .*a-.* \(in fog\); give a protocol file"
    )
    for read in (
        lambda: scoring_protocol([mild, all_severities]),
        lambda: rs.compare(str(mild), str(all_severities)),
        lambda: rs.scores([mild, all_severities]),
        lambda: rs.transfer([mild, all_severities], [mild]),
    ):
        with pytest.raises(ResultsError, match=message) as caught:
            read()
        assert "\n" not in str(caught.value)
    given = own((2,))
    assert scoring_protocol([mild, all_severities], given) is given
    rows = rs.compare(str(mild), str(all_severities), protocol=given).set_index(["kind", "score"])
    assert rows.loc[("corruption", "fog"), "severities"] == "2"


def test_seeds_of_a_model_whose_protocols_differ_are_refused(own_run):
    own_run("a", own())
    runs = own_run("a", own((4, 5)), seed=1).parent
    with pytest.raises(ResultsError, match="its protocol mine differs from that of"):
        rs.scores(runs)


def test_a_report_leaves_out_the_second_of_two_protocols_of_one_name(own_run, caplog):
    from robustbench_seg.reporting.panels import read_panels

    runs = [own_run("a", own()), own_run("b", own((1, 2, 3, 4, 5))), own_run("c", own())]
    (panel,) = read_panels(runs)
    assert sorted(model.name for model in panel.models) == ["a", "c"]
    assert panel.protocol == own()
    (warning,) = [text for text in caplog.messages if "differs from that of" in text]
    assert "b-" in warning


def test_other_words_and_another_order_make_no_difference(own_run):
    protocol = own()
    same = replace(protocol, source="elsewhere", perturbations=protocol.perturbations[::-1])
    assert scoring_protocol([own_run("a", protocol), own_run("b", same)]) == protocol


def test_a_part_of_ones_own_protocol_scores_its_runs(own_run):
    """As for an included protocol: only the parameters of the common corruptions matter."""
    folder, fog = own_run("a", own()), own(names=("fog",), name="fog-only")
    check_parameters(fog, folder, read_record(folder))
    stronger = tuple({**row, "decay": 3.0} for row in fog.perturbations[0].parameters)
    other = replace(fog, perturbations=(replace(fog.perturbations[0], parameters=stronger),))
    with pytest.raises(ResultsError, match="corrupted under mine 1, whose parameters differ"):
        check_parameters(other, folder, read_record(folder))


def test_the_name_of_an_included_protocol_is_refused(own_run):
    """Its scores would stand beside published ones of that protocol."""
    folder = own_run("a", own(name="cityscapes-c"))
    with pytest.raises(ResultsError, match="has the name of an included one, cityscapes-c, but"):
        scoring_protocol([folder])
    given = own()
    assert scoring_protocol([folder], given) is given


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda own: own.update(name="other"), "own_protocol is not the protocol with which the"),
        (lambda own: own.update(version="7"), "own_protocol is not the protocol with which the"),
        (
            lambda own: own["corruption"][0]["severities"][0].update(density=9.0),
            "own_protocol is not the protocol with which the",
        ),
        (lambda own: own["corruption"][0].update(scored=[]), r"'fog': scored is \[\]"),
        (lambda own: own.update(corruption=[]), r"it has no \[\[corruption\]\]"),
    ],
)
def test_an_altered_protocol_is_one_line(own_run, change, message):
    path = own_run("a", own()) / "run.json"
    table = json.loads(path.read_text())
    change(table["own_protocol"])
    path.write_text(json.dumps(table))
    with pytest.raises(ResultsError, match=message) as caught:
        read_record(path.parent)
    assert str(caught.value).endswith("remove this run folder")
    assert "\n" not in str(caught.value)
