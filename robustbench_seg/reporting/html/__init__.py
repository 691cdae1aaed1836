"""What the pages of a report and of a leaderboard share: tables, templates, the folder."""
