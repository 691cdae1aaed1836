"""Statistics of scores: draws, intervals, tests and correlations."""
