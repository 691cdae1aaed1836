"""Tables as files (CSV, Markdown, LaTeX, Parquet) and as text for a terminal.

report_tables.py  miou_tables.py  degradation_tables.py  confidence_tables.py   of a report
comparison.py  costs.py  receptive_fields.py  literature.py                     of other commands
terminal_table.py                                                               the rankings
formats.py  table_files.py  joined_tables.py  latex_tables.py                   shared parts
"""
