"""Properties of networks other than scores: their cost and their receptive fields."""

from robustbench_seg.analysis.cost import Cost, count_cost, image_macs, meta_network
from robustbench_seg.analysis.effective_field import (
    EffectiveField,
    central_crop,
    effective_fields,
    encoder_stages,
)
from robustbench_seg.analysis.field_measurement import ReceptiveFields, measure_fields
from robustbench_seg.analysis.speed import measure_speed

__all__ = [
    "Cost",
    "EffectiveField",
    "ReceptiveFields",
    "central_crop",
    "count_cost",
    "effective_fields",
    "encoder_stages",
    "image_macs",
    "measure_fields",
    "measure_speed",
    "meta_network",
]
