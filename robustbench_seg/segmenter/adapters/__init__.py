"""Models that need no card: one file for each kind."""
