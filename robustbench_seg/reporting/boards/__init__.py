"""A leaderboard: boards that rank the models of packs, and the static site that shows them.

board_scores.py -> entry.py -> entry_cache.py        the scores of a model, and their cache
board.py  board_reader.py                            the ranking of models; from runs to boards
board_page.py  board_tables.py  cost_comparison.py   a board's page
model_page.py  model_tables.py                       a model's page
severity_charts.py  scatter_chart.py                 their charts
csv_files.py  site.py                                all files

The boards write charts directly as SVG instead of using figures/: a page has a chart for each
corruption, and a site may have pages of hundreds of models. Matplotlib would take about a second
for each chart. These charts take their colours from the page.
"""
