"""The parts that the pages of a report and of a leaderboard share.

table.py                                        a table, as the templates show it
ranking_table.py                                the ranking of both
heat_table.py  elsewhere_table.py               further tables of both
figure.py                                       a figure of both
fact.py  run_facts.py  class_map_facts.py       facts about a run
templates.py  definitions.py  slugs.py          templates, and texts for them
report_folder.py                                the folder, whose earlier report is replaced
"""
