"""Whether scores on corrupted images predict scores under real conditions.

model_table.py        models with both kinds of scores
published_models.py   such models of a published table
measured_models.py    such models of runs
correlation_table.py  the correlations as a table and as text
scatter_figure.py     a point for each model
"""
