"""Whether two models can be compared, and their remaining differences."""

from collections.abc import Sequence

from robustbench_seg.errors import ResultsError
from robustbench_seg.results.models.scored_model import ScoredModel
from robustbench_seg.results.summaries.model_scores import ModelScores


def check_comparable(a: ScoredModel, b: ScoredModel) -> None:
    """Check that two models were scored on the same images, drawn in the same way.

    Raises:
        ResultsError: They were not.
    """
    for difference in a.records[0].differences(b.records[0]):
        # If the number of images differs, check_paired gives the numbers.
        if difference.of_images and difference.kind != "extent":
            raise ResultsError(
                f"{a.folders[0]} and {b.folders[0]} cannot be compared: they differ in "
                f"{difference.name}; name runs on the same images"
            )
    check_paired(a.scores, b.scores)


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


def reading_notes(models: Sequence[ScoredModel]) -> list[str]:
    """Describe how comparable models were corrupted or run differently.

    Returns:
        Differences, such as "precision float32 and bf16".
    """
    notes = dict[str, dict[str, None]]()
    first = models[0].records[0]
    for model in models[1:]:
        for difference in first.differences(model.records[0]):
            if difference.noted:
                values = dict.fromkeys((difference.one, difference.other))
                notes.setdefault(difference.name, {}).update(values)
    return [f"{name} {' and '.join(values)}" for name, values in notes.items()]
