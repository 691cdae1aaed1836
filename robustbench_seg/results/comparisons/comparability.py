"""Whether two models can be compared, and their remaining differences."""

from collections.abc import Sequence

from robustbench_seg.errors import ResultsError
from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.results.models.scored_model import ScoredModel
from robustbench_seg.results.summaries.model_scores import ModelScores


def check_comparable(a: ScoredModel, b: ScoredModel) -> None:
    """Check that two models were scored on the same images, drawn in the same way.

    Raises:
        ResultsError: They were not.
    """
    if difference := _difference_of_images(a.records[0], b.records[0]):
        raise ResultsError(
            f"{a.folders[0]} and {b.folders[0]} cannot be compared: they differ in "
            f"{difference}; name runs on the same images"
        )
    check_paired(a.scores, b.scores)


def are_comparable(a: RunRecord, a_sample: str, b: RunRecord, b_sample: str) -> bool:
    """Return whether two models pass `check_comparable`, without their scores.

    Args:
        a: The content of run.json of the first run of model A.
        a_sample: Its `ModelScores.sample`.
        b: The content of run.json of the first run of model B.
        b_sample: Its `ModelScores.sample`.
    """
    return a_sample == b_sample and _difference_of_images(a, b) is None


def _difference_of_images(a: RunRecord, b: RunRecord) -> str | None:
    """Return what makes the images of two runs different; the images themselves are not compared.

    If the numbers of images differ, so do the image ids, and check_paired names the numbers.
    """
    differences = (each for each in a.differences(b) if each.of_images and each.kind != "extent")
    return next((each.name for each in differences), None)


def check_paired(first: ModelScores, second: ModelScores) -> None:
    """Check that two models were scored on the same images, drawn in the same way.

    Raises:
        ResultsError: They were not.
    """
    if first.image_ids != second.image_ids:
        raise ResultsError(
            f"runs on different images ({len(first.image_ids)} and {len(second.image_ids)}) cannot "
            "be compared in pairs; evaluate both on the same images"
        )
    if first.clip != second.clip:
        raise ResultsError(
            f"runs whose sampling units are {first.unit} and {second.unit} cannot be compared in "
            "pairs; a run keeps its first clip: remove one run, and evaluate it again"
        )


def noted_differences(models: Sequence[ScoredModel]) -> list[str]:
    """Describe the differences between comparable models that a reader must know.

    Returns:
        How they were corrupted or run differently, such as "precision float32 and bf16".
    """
    notes = dict[str, dict[str, None]]()
    first = models[0].records[0]
    for model in models[1:]:
        for difference in first.differences(model.records[0]):
            if difference.noted:
                values = dict.fromkeys((difference.one, difference.other))
                notes.setdefault(difference.name, {}).update(values)
    return [f"{name} {' and '.join(values)}" for name, values in notes.items()]
