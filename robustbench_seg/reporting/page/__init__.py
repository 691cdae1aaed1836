"""The page of a report: its sections, and the files next to it.

page.py                                                       the page and all files of the folder
panel_view.py                                                 the sections of a panel
panel_ranking.py  drop_table.py  perturbation_table.py        tables
class_table.py  score_sections.py                             classes and further scores
figures.py  album.py  hardest_images.py                       figures and pictures
error_picture.py  thumbnails.py                               a picture
benchmark_section.py  claims_table.py                         published results
origin.py  provenance.py  report_command.py                   the origin of the runs and the page
"""
