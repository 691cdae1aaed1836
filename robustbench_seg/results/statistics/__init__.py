"""Statistics of scores: what is drawn, intervals, tests and correlations."""
