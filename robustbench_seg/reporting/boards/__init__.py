"""A leaderboard: runs of many models as a static site, a ranking for each dataset and protocol."""
