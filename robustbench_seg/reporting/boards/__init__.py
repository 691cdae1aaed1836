"""A leaderboard: boards that rank the models of packs, and the static site that shows them.

ranking_scores.py -> entry.py -> entry_cache.py -> board.py -> board_reader.py   scores and ranks
board_page.py  cost_comparison.py  board_tables.py                               a board
model_page.py  model_tables.py                                                   a model
svg.py  severity_charts.py  scatter_chart.py                                     charts
site.py                                                                          all files
"""
