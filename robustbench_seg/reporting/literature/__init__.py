"""Published results and claims of papers.

table_description.py  published_tables.py   the files of `reports/published/`
catalogue.py  published_results.py          published results: all of them; those of a ranking
claims.py  published_costs.py  citations.py claims, costs and BibTeX
audit_rules.py  audit.py                    inconsistent results
published_notice.py                         a line before an evaluation
"""
