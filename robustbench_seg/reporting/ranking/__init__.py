"""Models that rank together: what a panel of a report and a board of a leaderboard share.

model_groups.py -> model_ranking.py      runs grouped by dataset and protocol; such a ranking
ranked_model.py -> measured_model.py     a model of a ranking; a model with all its scores
ranking_row.py                           a row of a ranking
table_rows.py  class_grid.py  pareto.py  tables of a model, and the models worth their cost
row_names.py  score_text.py              how names and scores are written
"""
