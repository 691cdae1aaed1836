"""The page of a report: its sections, and the files next to it."""
