"""The output of the program: tables, figures, text, and offline HTML pages.

The functions that produce them have a file each: `report` (page_report.py), `leaderboard`
(leaderboard_report.py), `compare` (comparison_report.py), `transfer` (transfer_report.py), `cost`
(cost_report.py) and `erf` (receptive_field_report.py). The last two measure networks with
analysis/, which produces no tables or figures. `summary_text` (evaluation_summary.py) is the last
output of `evaluate`.

A report is first read and then shown: `read_panels` and `read_boards` score runs, `write_page` and
`write_site` write what was read. `Report`, `Leaderboard`, `Comparison` and `Transfer` do both, and
have the text that a command prints.

They use these rooms, each of which imports only from those before it:

    literature/         published results, costs and claims of papers
    ranking/            groups of models and their ranking, in a report as on a leaderboard
    panels/             the groups of a report with all scores, and the finding in words
    tables/  figures/   both as files and as text
    html/               the parts that all pages share
    page/  boards/      the page of a report; the pages of a leaderboard
    transfer/           whether scores on corrupted images predict scores on real ones

Import from the files: a command then loads only the libraries that it needs. Drawing takes most of
a second to import, and `compare` draws nothing.
"""
