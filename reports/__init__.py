"""Content: page templates, styles, and the published tables as CSV."""
