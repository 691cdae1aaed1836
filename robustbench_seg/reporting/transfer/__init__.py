"""Whether scores on corrupted images predict scores under real conditions.

model_table.py        models with both kinds of scores, from runs or from a published table
correlation_table.py  the correlations as a table and as text
scatter_figure.py     a point for each model
"""
