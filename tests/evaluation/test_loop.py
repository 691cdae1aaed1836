"""What an evaluation computes, when, and what remains after a fault."""

import json
import logging
import shutil
import weakref
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from robustbench_seg.corruption import corrupt
from robustbench_seg.corruption.image_arrays import digest_pixels
from robustbench_seg.errors import FileError, IncompleteError, ModelError
from robustbench_seg.evaluation import block_loop
from robustbench_seg.measures import confusion_matrix
from robustbench_seg.records.values.condition import CLEAN, Condition
from robustbench_seg.records.values.shard import Shard
from robustbench_seg.store import read_results
from robustbench_seg.trees.manifests.manifest import Digests, read_manifest, write_manifest
from tests.evaluation.conftest import evaluate


def rows(folder):
    """The values that equal runs share."""
    table = read_results(folder)
    assert not table.duplicated(["image", "corruption", "severity"]).any()
    return {
        (row.image, row.corruption, row.severity): row.matrix.tolist()
        for row in table.itertuples()
        if row.matrix is not None
    }


def parts(folder):
    return {path.name: path.stat().st_mtime_ns for path in (folder / "parts").iterdir()}


def test_every_row_is_what_its_parts_give(toy, reds, protocol, conditions, tmp_path):
    data, model = toy(), reds()
    (folder,) = evaluate([model], data, protocol, conditions, tmp_path, seeds=(3,))
    expected = {}
    for sample in data:
        for condition in (CLEAN, *conditions):
            image = sample.image
            if condition != CLEAN:
                name, severity = condition.name, condition.severity
                image = corrupt(image, name, severity, seed=3, image_id=sample.id)
            matrix = confusion_matrix(sample.labels, model(image), 3)
            key = (sample.id, condition.name, condition.severity)
            expected[key] = matrix.tolist()
    assert rows(folder) == expected
    assert len(expected) == 6 * 5


def milder(protocol):
    contrast, noise = protocol.perturbation("contrast"), protocol.perturbation("gaussian_noise")
    mild = replace(contrast, parameters=({"factor": 0.9},) * 5)
    return replace(protocol, name="mild", perturbations=(mild, noise))


@pytest.mark.parametrize(("stream", "mild"), [("reference", False), ("fast", True)])
def test_images_are_those_of_the_stream_and_the_protocol(
    toy, reds, protocol, tmp_path, stream, mild
):
    protocol = milder(protocol) if mild else protocol
    data, asked = toy(1), [Condition("contrast", 4), Condition("gaussian_noise", 2)]
    (folder,) = evaluate([reds()], data, protocol, asked, tmp_path, stream=stream)
    found = rows(folder)
    for name, severity in (vars(condition).values() for condition in asked):
        how = {"image_id": data.ids[0], "stream": stream, "protocol": protocol}
        made = corrupt(data.image(0), name, severity, **how)
        wanted = confusion_matrix(data[0].labels, reds()(made), 3)
        assert found[data.ids[0], name, severity] == wanted.tolist()


def test_each_image_is_decoded_once_for_all_models(toy, reds, protocol, conditions, tmp_path):
    data = toy()
    models = [reds(), reds("shifted", facts={"shift": 1})]
    folders = evaluate(models, data, protocol, conditions, tmp_path)
    assert data.reads == list(range(6))
    assert rows(folders[0]) != rows(folders[1])


def test_each_corrupted_image_is_made_once_for_all_models(
    toy, reds, protocol, conditions, tmp_path, monkeypatch
):
    made = []

    def counted(image, name, severity, **options):
        made.append((options["image_id"], name, severity))
        return corrupt(image, name, severity, **options)

    monkeypatch.setattr("robustbench_seg.evaluation.images.image_maker.corrupt", counted)
    evaluate([reds(), reds("other", facts={"shift": 1})], toy(), protocol, conditions, tmp_path)
    assert len(made) == len(set(made)) == 6 * 4


def test_only_what_is_missing_is_computed(toy, reds, protocol, conditions, tmp_path):
    model = reds()
    (folder,) = evaluate([model], toy(), protocol, conditions[:1], tmp_path)
    assert model.calls == 6 * 2
    before = parts(folder)
    assert evaluate([model], toy(), protocol, conditions, tmp_path) == [folder]
    assert model.calls == 6 * 5
    after = parts(folder)
    assert before.items() < after.items()
    data = toy()
    evaluate([model], data, protocol, conditions, tmp_path)
    assert model.calls == 6 * 5
    assert data.reads == []
    assert parts(folder) == after


def test_a_second_model_takes_only_what_it_lacks(toy, reds, protocol, conditions, tmp_path):
    first, second = reds(), reds("other", facts={"shift": 1})
    evaluate([first], toy(), protocol, conditions, tmp_path)
    evaluate([first, second], toy(), protocol, conditions, tmp_path)
    assert (first.calls, second.calls) == (30, 30)


@pytest.mark.parametrize("workers", [1, 3])
def test_an_interrupted_run_ends_as_an_unbroken_one(
    toy, reds, protocol, conditions, tmp_path, workers
):
    (whole,) = evaluate([reds()], toy(), protocol, conditions, tmp_path / "whole")
    broken = reds(fails_at=13)
    with pytest.raises(KeyboardInterrupt):
        evaluate([broken], toy(), protocol, conditions, tmp_path / "out", workers=workers)
    (folder,) = (tmp_path / "out").iterdir()
    assert len(rows(folder)) == 13, "what was finished is kept"
    rest = reds()
    evaluate([rest], toy(), protocol, conditions, tmp_path / "out", workers=workers)
    assert rest.calls == 30 - 13
    assert rows(folder) == rows(whole)


def test_an_image_on_which_a_model_fails_is_left_out_and_named(
    toy, reds, protocol, conditions, tmp_path
):
    class Moody(reds):
        def __call__(self, image):
            if self.calls == 13:
                self.calls += 1
                raise ValueError("it is raining\nin here")
            return super().__call__(image)

    with pytest.raises(IncompleteError) as caught:
        evaluate([Moody()], toy(), protocol, conditions, tmp_path)
    (reason,) = caught.value.reasons
    assert reason.startswith(
        "val/2.png: reds failed (Reds: fails on an image: ValueError: it is raining"
    )
    assert "\n" not in reason
    assert len(rows(tmp_path)) == 29
    again = reds()
    evaluate([again], toy(), protocol, conditions, tmp_path)
    assert again.calls == 1


def test_a_model_that_always_fails_is_given_up(toy, reds, protocol, conditions, tmp_path):
    class Broken(reds):
        def __call__(self, image):
            self.calls += 1
            raise ValueError("no")

    model = Broken()
    with pytest.raises(ModelError, match=r"reds: 8 images in a row .*val/7.png: reds failed .*Val"):
        evaluate([model], toy(20), protocol, conditions, tmp_path)
    assert model.calls == 7 * 5 + 1


def test_a_model_that_is_given_up_takes_no_rows_of_others_with_it(
    toy, reds, protocol, conditions, tmp_path
):
    class Narrow(reds):
        def __call__(self, image):
            labels = super().__call__(image)
            return labels if self.calls < 4 else labels[:, :-1]

    models = [Narrow("narrow"), reds("whole")]
    with pytest.raises(ModelError, match=r"narrow: 8 images in a row have no result"):
        evaluate(models, toy(8), protocol, conditions, tmp_path)
    made = read_results(tmp_path).groupby("model")["matrix"].count()
    assert made["narrow"] == 3
    assert made["whole"] >= 7 * 5


def test_a_slow_block_is_written_before_its_end(
    toy, reds, protocol, conditions, tmp_path, monkeypatch
):
    monkeypatch.setattr(block_loop, "FLUSH_SECONDS", 0.0)
    seen = []

    class Watching(reds):
        def __call__(self, image):
            seen.append(len(list(tmp_path.glob("*/parts/*.parquet"))))
            return super().__call__(image)

    evaluate([Watching()], toy(1), protocol, conditions, tmp_path)
    assert seen == [0, 1, 2, 3, 4]


def test_rows_do_not_depend_on_the_number_of_workers(toy, reds, protocol, conditions, tmp_path):
    (one,) = evaluate([reds()], toy(), protocol, conditions, tmp_path / "1", workers=1)
    (three,) = evaluate([reds()], toy(), protocol, conditions, tmp_path / "3", workers=3)
    assert one.name == three.name
    assert rows(one) == rows(three)
    assert parts(one).keys() == parts(three).keys()


def test_shards_give_the_rows_and_scores_of_one_run(toy, reds, protocol, conditions, tmp_path):
    (whole,) = evaluate([reds()], toy(), protocol, conditions, tmp_path / "whole")
    separate = set()
    for index in (2, 1):
        shard = Shard(index, 2)
        (shared,) = evaluate([reds()], toy(), protocol, conditions, tmp_path / "all", shard=shard)
        out = tmp_path / str(index)
        (own,) = evaluate([reds()], toy(), protocol, conditions, out, shard=shard)
        assert not separate & rows(own).keys()
        separate |= rows(own).keys()
    assert rows(shared) == rows(whole)
    assert separate == rows(whole).keys()
    for path in (tmp_path / "2" / own.name / "parts").iterdir():
        shutil.copy(path, own / "parts")
    assert rows(own) == rows(whole)
    assert {path.name for path in (own / "parts").iterdir()} == set(parts(whole))


def test_from_disk_equals_on_the_fly(toy, reds, protocol, conditions, tmp_path, tree):
    corrupted = tree(toy(), conditions)
    (made,) = evaluate([reds()], toy(), protocol, conditions, tmp_path / "made")
    (read,) = evaluate(
        [reds()], toy(), protocol, conditions, tmp_path / "read", corrupted=corrupted
    )
    assert made.name == read.name
    assert rows(made) == rows(read)


def test_images_are_really_read_from_disk(toy, reds, protocol, conditions, tmp_path, tree):
    corrupted = tree(toy(), conditions)
    black, name = np.zeros((40, 48, 3), np.uint8), "contrast/1/val/0.png"
    Image.fromarray(black).save(corrupted / name)
    manifest = read_manifest(corrupted)
    files = {**manifest.files, name: Digests("0" * 64, digest_pixels(black))}
    write_manifest(corrupted, replace(manifest, files=files))
    (read,) = evaluate([reds()], toy(), protocol, conditions, tmp_path / "r", corrupted=corrupted)
    matrix = np.array(rows(read)["val/0.png", "contrast", 1])
    assert matrix[:, 1:].sum() == 0
    assert matrix.sum() == 39 * 48


def test_an_unreadable_image_is_left_out_and_named(
    toy, reds, protocol, conditions, tmp_path, caplog
):
    model = reds()
    with pytest.raises(IncompleteError, match=r"left out: val/2.png: the image cannot be read;"):
        evaluate([model], toy(broken=(2,)), protocol, conditions, tmp_path)
    assert model.calls == 5 * 5
    assert not [text for text in caplog.messages if text.startswith("left out")], "named once"
    table = read_results(tmp_path)
    out = table[table["image"] == "val/2.png"]
    assert len(out) == 5
    assert out["matrix"].isna().all()
    assert set(out["reason"]) == {"val/2.png: the image cannot be read"}
    with pytest.raises(IncompleteError):
        evaluate([model], toy(broken=(2,)), protocol, conditions, tmp_path)
    evaluate([model], toy(), protocol, conditions, tmp_path)
    assert model.calls == 6 * 5, "once mended, only the image left out is computed"
    assert read_results(tmp_path)["matrix"].notna().all()


def test_a_missing_file_of_a_tree_is_left_out(toy, reds, protocol, conditions, tmp_path, tree):
    corrupted = tree(toy(), conditions)
    (corrupted / "contrast/4/val/3.png").unlink()
    with pytest.raises(IncompleteError, match=r"contrast/4/val/3.png: no such image file"):
        evaluate([reds()], toy(), protocol, conditions, tmp_path / "r", corrupted=corrupted)
    table = read_results(tmp_path / "r")
    assert table["matrix"].isna().sum() == 1
    again = reds()
    evaluate([again], toy(), protocol, conditions, tmp_path / "r")
    assert again.calls == 1


def test_a_file_of_another_size_is_left_out(toy, reds, protocol, conditions, tmp_path, tree):
    corrupted = tree(toy(), conditions)
    Image.new("RGB", (32, 40)).save(corrupted / "contrast/4/val/3.png")
    with pytest.raises(IncompleteError, match="has 32x40 pixels, its clean image 48x40; generate"):
        evaluate([reds()], toy(), protocol, conditions, tmp_path / "r", corrupted=corrupted)


def test_an_unchanged_image_is_a_warning_and_no_error(toy, reds, protocol, tmp_path, caplog):
    class White(toy):
        def image(self, index):
            return np.full((40, 48, 3), 255 if index == 1 else 90, np.uint8)

    evaluate([reds()], White(2), protocol, [Condition("brightness", 2)], tmp_path)
    assert caplog.messages == ["brightness at severity 2 left 1 of 2 images unchanged"]


def test_no_warning_where_all_images_differ(toy, reds, protocol, conditions, tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        evaluate([reds()], toy(), protocol, conditions, tmp_path)
    assert caplog.messages == []


def test_two_models_of_one_name_are_refused(toy, reds, protocol, conditions, tmp_path):
    with pytest.raises(ModelError, match="two models are called reds; evaluate them one by one"):
        evaluate([reds(), reds()], toy(), protocol, conditions, tmp_path)


def test_clean_alone(toy, reds, protocol, tmp_path):
    (folder,) = evaluate([reds()], toy(), protocol, [], tmp_path)
    assert {key[1:] for key in rows(folder)} == {("clean", 0)}


def test_timings_lie_apart(toy, reds, protocol, conditions, tmp_path):
    (folder,) = evaluate([reds()], toy(), protocol, conditions, tmp_path)
    times = pd.concat([pd.read_parquet(path) for path in (folder / "timings").iterdir()])
    assert len(times) == 30
    assert (times[["corrupt", "predict"]] > 0).all(axis=None)


def test_progress_counts_images_conditions_and_models(
    toy, reds, protocol, conditions, tmp_path, capsys
):
    evaluate([reds()], toy(), protocol, conditions[:1], tmp_path, progress=True)
    assert " 12/12 " in capsys.readouterr().err
    models = [reds(), reds("other", facts={"shift": 1})]
    evaluate(models, toy(), protocol, conditions, tmp_path, progress=True)
    assert " 60/60 " in capsys.readouterr().err
    evaluate(models, toy(), protocol, conditions, tmp_path)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("workers", "most"), [(1, 3), (2, 5)])
def test_images_are_not_kept(toy, reds, protocol, conditions, tmp_path, workers, most):
    """No image outlives its turn: at most those made ahead or waiting for
    their score are in memory."""
    alive, counts = [], []

    class Tracked(toy):
        def __getitem__(self, index):
            sample = super().__getitem__(index)
            alive.append(weakref.ref(sample))
            counts.append(sum(one() is not None for one in alive))
            return sample

    evaluate([reds()], Tracked(16), protocol, conditions[:1], tmp_path, workers=workers)
    assert len(counts) == 16
    assert max(counts) <= most


def test_a_full_disk_is_one_line(toy, reds, protocol, conditions, tmp_path):
    (tmp_path / "out").write_text("a file where a folder is wanted")
    with pytest.raises(FileError, match=r"run.json cannot be written: Not a directory; finished"):
        evaluate([reds()], toy(), protocol, conditions, tmp_path / "out")


def test_a_broken_label_is_not_scored(toy, reds, protocol, tmp_path):
    class Stray(toy):
        def __getitem__(self, index):
            sample = super().__getitem__(index)
            sample.labels[5, 5] = 7
            return sample

    with pytest.raises(
        IncompleteError, match=r"val/0.png: label 7 is out of range for 3 classes.*\(and 5 more"
    ):
        evaluate([reds()], Stray(), protocol, [], tmp_path)
    assert rows(tmp_path) == {}


def test_run_json_is_written_first_and_never_changed(
    toy, reds, protocol, conditions, tmp_path, monkeypatch
):
    with pytest.raises(KeyboardInterrupt):
        evaluate([reds(fails_at=0)], toy(), protocol, conditions, tmp_path)
    (path,) = tmp_path.glob("*/run.json")
    before = path.read_bytes()
    monkeypatch.setattr("sys.argv", ["robustseg", "another command"])
    evaluate([reds()], toy(), protocol, conditions, tmp_path)
    assert path.read_bytes() == before
    assert json.loads(before)["model"] == "reds"


def test_what_a_run_keeps_of_another_start_is_a_warning(toy, reds, protocol, tmp_path, caplog):
    fewer = protocol.conditions(["contrast"], [1])
    evaluate([reds()], toy(), protocol, fewer, tmp_path)
    assert "began" not in caplog.text
    evaluate([reds()], toy(), replace(protocol, name="other"), fewer, tmp_path)
    kept = f"keeps the protocol {protocol.name}, under which it began; report and compare it under"
    assert f"{kept} other" in caplog.text
