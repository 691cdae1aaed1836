"""Checks of `evaluate` before it imports torch, which takes seconds."""

from robustbench_seg.records.cards.hub_card import list_hub_models
from robustbench_seg.records.cards.model_card import load_card
from robustbench_seg.records.cards.model_forms import needs_no_card
from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.records.specs.evaluation_spec import EvaluationSpec


def check_names(spec: EvaluationSpec) -> None:
    """Check that all names in a specification exist.

    Args:
        spec: The specification. Models with a prefix, such as hf:, are not checked.

    Raises:
        CorruptionError: The protocol has no such corruption.
        ModelError: There is no such model.
        CardError: There is no such protocol or class map, or a card or one of these is wrong.
        DatasetError: There is no such dataset.
        OptionError: There is no such measure.
    """
    spec.conditions(load_protocol(spec.protocol))
    for model in spec.models:
        if not needs_no_card(model) and model not in list_hub_models():
            load_card(model)

    from robustbench_seg.datasets import check_dataset_name, load_class_map
    from robustbench_seg.measures import select_measures

    check_dataset_name(spec.dataset)
    select_measures(spec.measures)
    if spec.class_map is not None:
        load_class_map(spec.class_map)
