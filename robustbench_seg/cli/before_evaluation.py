"""Checks and notices of `evaluate` before it imports torch, which takes seconds.

Each function imports what it needs, so that a misspelt model is reported at once.
"""

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


def evaluation_notice(spec: EvaluationSpec) -> str:
    """Return one line on the published scores of the models of a specification.

    Args:
        spec: The specification.

    Returns:
        The line; empty if there are no published scores of these models on this dataset, or if they
        have other weights or a class map.
    """
    from robustbench_seg.datasets import published_images

    own = spec.weights is None and spec.class_map is None and spec.shard.index == 1
    if not own or published_images(spec.dataset) is None:
        return ""

    from robustbench_seg.reporting.literature.published_notice import published_notice

    protocol = load_protocol(spec.protocol).name
    return published_notice(spec.models, spec.dataset, spec.split, protocol)
