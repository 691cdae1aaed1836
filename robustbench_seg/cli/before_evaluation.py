"""What `evaluate` checks of a specification before it imports torch, which takes seconds.

Imports are late, so that a misspelt model is reported at once.
"""

from robustbench_seg.records.cards.hub_card import list_hub_models
from robustbench_seg.records.cards.model_card import load_card
from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.records.specs.evaluation_spec import EvaluationSpec


def check_names(spec: EvaluationSpec) -> None:
    """Check that everything that a specification names exists.

    Args:
        spec: The specification. Models with a prefix, such as hf:, are not checked.

    Raises:
        CorruptionError: There is no such protocol, or it has no such corruption.
        ModelError: There is no such model.
        CardError: A card is wrong, or there is no such class map, or it is wrong.
        DatasetError: There is no such dataset.
        ResultsError: There is no such measure.
    """
    spec.conditions(load_protocol(spec.protocol))
    for model in spec.models:
        if ":" not in model and model not in list_hub_models():
            load_card(model)

    from robustbench_seg.datasets import check_dataset_name, load_class_map
    from robustbench_seg.measures import select_measures

    check_dataset_name(spec.dataset)
    select_measures(spec.measures)
    if spec.class_map is not None:
        load_class_map(spec.class_map)
