"""What a panel of a report and a board of a leaderboard share: models, and the ranking of them.

grouping.py -> model_group.py            runs grouped by images and protocol; such a group
ranked_model.py -> measured_model.py     a model of a group; a model with all its scores
ranking_row.py                           a row of the ranking of a group
table_columns.py  class_grid.py          tables of models
pareto.py                                the models worth their cost
estimate.py                              a score with its interval, and how both are written
"""
