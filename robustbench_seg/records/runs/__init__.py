"""The records in a run folder."""
