"""What a network is like, apart from what it scores: its cost."""

from robustbench_seg.analysis.cost import Cost, count_cost, count_image, shape_of
from robustbench_seg.analysis.speed import Speed, measure_speed

__all__ = ["Cost", "Speed", "count_cost", "count_image", "measure_speed", "shape_of"]
