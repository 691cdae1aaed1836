"""The parts that the pages of a report and of a leaderboard share.

table.py                                        a table, as the templates show it
heat_table.py  ranking.py  elsewhere_table.py   tables of both
page_figure.py                                  a figure of both
fact.py  run_facts.py  class_map_facts.py       facts about a run
templates.py  definitions.py  slugs.py          templates, and texts for them
report_folder.py                                the folder, whose earlier report is replaced
"""
