"""The columns of the tables miou.csv, per_severity.csv and per_class.csv."""

MIOU_COLUMNS = ("model", "source", "dataset", "split", "protocol", "images")
"""The columns of tables/miou.csv before the scores.

source is "measured" or "published"; images is the number of images that were scored clean. The
columns clean, each corruption in protocol order, mean and retention follow, in percent, then the
column runs: the names of the run folders of a measured row. Where a row has a class map, each of
these three tables ends with the column class_map, its name.
"""

SEVERITY_COLUMNS = (
    "model",
    "dataset",
    "split",
    "protocol",
    "corruption",
    "category",
    "severity",
    "scored",
    "images",
    "miou",
    "ci_low",
    "ci_high",
    "runs",
)
"""The columns of tables/per_severity.csv: a row for each model and condition.

severity is 0 for clean; scored tells whether the protocol averages the severity; miou and the ends
of its 95 % interval are in percent, nan where images are missing.
"""

CLASS_COLUMNS = (
    "model",
    "dataset",
    "split",
    "protocol",
    "corruption",
    "severity",
    "class",
    "iou",
    "runs",
)
"""The columns of tables/per_class.csv: a row for each model, condition and class.

iou is in percent, nan where the class does not occur or images are missing.
"""
