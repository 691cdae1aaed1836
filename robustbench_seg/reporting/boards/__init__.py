"""A leaderboard: a static site with a ranking of runs for each dataset and protocol."""
