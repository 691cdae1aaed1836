"""A leaderboard: boards that rank the models of packs, and the static site that shows them.

board_scores.py -> entry.py -> entry_cache.py -> board.py -> board_reader.py     scores and ranks
board_view.py  board_tables.py  cost_comparison.py                               a board's page
model_view.py  model_tables.py                                                   a model's page
svg.py  severity_charts.py  scatter_chart.py                                     their charts
csv_files.py  site.py                                                            all files
"""
