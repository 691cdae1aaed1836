"""The figures of a report, of `cost` and of `erf`, drawn with Matplotlib.

severity_curves.py  attack_figures.py                         mIoU over severity or radius
class_heatmap.py  confidence_figures.py  cost_scatter.py      classes, confidence and cost
size_figure.py  field_figure.py                               of `cost` and of `erf`
style.py  figure_files.py                                     shared parts
"""
