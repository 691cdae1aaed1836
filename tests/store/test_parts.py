"""A column for each measure. Missing is what has no value or was counted by another law."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from robustbench_seg.errors import ResultsError
from robustbench_seg.files import canonical_json, digest_bytes
from robustbench_seg.measures import CONFUSION, IMAGE_MIOU, MEASURES
from robustbench_seg.records.values.condition import CLEAN, Condition
from robustbench_seg.store import Row, RunFolder, part_files, read_results
from robustbench_seg.store.parts import read_part

FOG = Condition("fog", 3)
PAIR = (CONFUSION, IMAGE_MIOU)


def row(image, *measures, condition=FOG):
    values = {measure.name: np.zeros(measure.shape(2)) for measure in MEASURES}
    values |= {"confusion": np.array([[3, 1], [0, 4]]), "image_miou": np.array([77.5, 1.0])}
    values |= dict.fromkeys(("confidence", "confidence_t"), np.arange(2000))
    return Row(image, condition, {name: values[name] for name in measures})


def test_each_measure_has_a_column_and_its_law(tmp_path, run_record):
    folder = RunFolder.open(tmp_path, run_record())
    folder.add(0, [row("1.png", "confusion", "image_miou"), Row("2.png", FOG, reason="broken")])
    (path,) = part_files(folder.path)
    schema = pq.read_schema(path)
    assert schema.names == ["image", "corruption", "severity", "matrix", "image_miou", "reason"]
    assert json.loads(schema.metadata[b"robustseg measures"]) == {"confusion": 1, "image_miou": 1}
    assert pq.read_table(path)["image_miou"].to_pylist() == [[77.5, 1.0], None]
    part = read_part(path, 2, [IMAGE_MIOU])
    assert part.values.keys() == {"image_miou"}
    assert part.values["image_miou"].tolist() == [[77.5, 1.0]]


def test_rows_of_other_measures_are_parts_of_their_own(tmp_path, run_record):
    folder = RunFolder.open(tmp_path, run_record(), PAIR)
    folder.add(0, [row("1.png", "confusion"), row("2.png", "image_miou")])
    assert len(part_files(folder.path)) == 2
    for one in (folder, RunFolder.open(tmp_path, run_record(), PAIR)):
        assert one.missing_measures("1.png", FOG) == (IMAGE_MIOU,)
        assert one.missing_measures("2.png", FOG) == (CONFUSION,)
        assert one.missing_measures("1.png", CLEAN) == (CONFUSION, IMAGE_MIOU)
        assert (one.count(), one.count(IMAGE_MIOU)) == (1, 1)


def test_parts_complete_each_other(tmp_path, run_record):
    folder = RunFolder.open(tmp_path, run_record())
    folder.add(0, [row("1.png", "confusion"), row("2.png", "confusion")])
    folder.add(0, [row("1.png", "image_miou")])
    table = read_results(folder.path).set_index("image")
    assert table.index.tolist() == ["1.png", "2.png"]
    assert table["matrix"]["1.png"].tolist() == [[3, 1], [0, 4]]
    assert table["image_miou"]["1.png"].tolist() == [77.5, 1.0]
    assert table["image_miou"]["2.png"] is None
    assert table["reason"].tolist() == [None, None]


def test_only_what_is_asked_for_is_lacking(tmp_path, run_record):
    folder = RunFolder.open(tmp_path, run_record(), [CONFUSION])
    folder.add(0, [row("1.png", "confusion")])
    assert folder.missing_measures("1.png", FOG) == ()
    assert folder.missing_measures("2.png", FOG) == (CONFUSION,)


def test_what_was_counted_under_another_law_is_lacking(tmp_path, run_record, monkeypatch):
    folder = RunFolder.open(tmp_path, run_record())
    folder.add(0, [row("1.png", "confusion", "image_miou")])
    monkeypatch.setattr(type(IMAGE_MIOU), "law", 2)
    again = RunFolder.open(tmp_path, run_record(), PAIR)
    assert again.missing_measures("1.png", FOG) == (IMAGE_MIOU,)
    (old,) = read_results(folder.path)["image_miou"]
    assert old is None
    again.add(0, [row("1.png", "image_miou")])
    assert len(part_files(folder.path)) == 2
    (new,) = read_results(folder.path)["image_miou"]
    assert new.tolist() == [77.5, 1.0]


def test_a_measure_that_this_version_does_not_know_is_passed_over(
    tmp_path, run_record, monkeypatch
):
    folder = RunFolder.open(tmp_path, run_record())
    folder.add(0, [row("1.png", "confusion", "image_miou")])
    for module in ("parts", "tables", "counts", "run_folder"):
        monkeypatch.setattr(f"robustbench_seg.store.{module}.MEASURES", (CONFUSION,))
    (matrix,) = read_results(
        folder.path,
    )["matrix"]
    assert matrix.tolist() == [[3, 1], [0, 4]]
    assert RunFolder.open(tmp_path, run_record(), [CONFUSION]).missing_measures("1.png", FOG) == ()


def test_a_part_of_the_first_format_holds_matrices(tmp_path, run_record):
    folder = RunFolder.open(tmp_path, run_record())
    columns = {
        "image": ["1.png", "2.png"],
        "corruption": ["fog", "fog"],
        "severity": pa.array([3, 3], pa.int8()),
        "matrix": [[3, 1, 0, 4], None],
        "reason": [None, "broken"],
    }
    (folder.path / "parts").mkdir()
    pq.write_table(pa.table(columns), folder.path / "parts/00000-abc.parquet")
    table = read_results(folder.path)
    assert table["matrix"][0].tolist() == [[3, 1], [0, 4]]
    assert table["reason"].tolist() == [None, "broken"]
    assert set(table["image_miou"]) == {None}
    assert RunFolder.open(tmp_path, run_record()).missing_measures("1.png", FOG) == MEASURES[1:]


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.name)
def test_the_name_of_a_part_depends_on_every_value(tmp_path, run_record, measure):
    folder = RunFolder.open(tmp_path, run_record())
    value = row("1.png", measure.name).values[measure.name]
    for each in (value, value + 1):
        folder.add(0, [Row("1.png", FOG, {measure.name: each})])
    assert len(part_files(folder.path)) == 2


def test_a_part_of_another_run_is_left_out_of_every_score_and_computed_anew(
    tmp_path, run_record, caplog
):
    """Such as one that was copied into the wrong folder."""
    first = RunFolder.open(tmp_path, run_record())
    second = RunFolder.open(tmp_path, run_record(weights="xyz"))
    for folder in (first, second):
        folder.add(0, [row("1.png", "confusion", "image_miou")])
    (mine,), (path,) = part_files(first.path), part_files(second.path)
    assert mine.name != path.name  # equal rows of different runs have different names
    shutil.copy(mine, path.with_name(mine.name))
    path.unlink()
    assert read_results(second.path).empty
    assert "it belongs to another run" in caplog.text
    again = RunFolder.open(tmp_path, run_record(weights="xyz"))
    assert again.missing_measures("1.png", FOG) == MEASURES
    assert [p.suffix for p in (second.path / "parts").iterdir()] == [".damaged"]


def test_a_part_without_the_digest_of_its_run_is_read(tmp_path, run_record, monkeypatch):
    """Parts of format 2 were written without it before."""
    folder = RunFolder.open(tmp_path, run_record())
    folder.add(0, [row("1.png", "confusion", "image_miou")])
    (path,) = part_files(folder.path)
    table = pq.read_table(path)
    metadata = {k: v for k, v in table.schema.metadata.items() if k != b"robustseg run"}
    contents = [json.loads(metadata[b"robustseg " + name]) for name in (b"measures", b"digests")]
    older = f"00000-{digest_bytes(canonical_json(contents).encode())[:16]}.parquet"
    pq.write_table(table.replace_schema_metadata(metadata), path.with_name(older))
    path.unlink()
    assert read_results(folder.path)["image"].tolist() == ["1.png"]


def test_files_that_predictions_were_read_from_are_kept_by_digest(tmp_path, run_record):
    folder = RunFolder.open(tmp_path, run_record())
    read, missing = row("1.png", "confusion"), Row("2.png", FOG, reason="missing")
    folder.add(0, [replace(read, file_digests="ab cd"), missing])
    expected = {("1.png", FOG): {"ab cd"}}
    assert folder.file_digests == expected
    again = RunFolder.open(tmp_path, run_record())
    assert again.file_digests == expected
    (part,) = part_files(folder.path)
    assert read_part(part, 2).file_digests == ["ab cd", None]
    table = pq.read_table(part)
    place = table.schema.get_field_index("source")
    pq.write_table(table.set_column(place, "source", [["ef", None]]), part)
    with pytest.raises(ResultsError, match="the digest of its source does not match"):
        read_part(part, 2)
    with_source = part.name
    RunFolder.open(tmp_path / "other", run_record()).add(0, [read, missing])
    (plain,) = part_files(RunFolder.path_of(tmp_path / "other", run_record()))
    assert "source" not in pq.read_schema(plain).names
    assert plain.name != with_source
