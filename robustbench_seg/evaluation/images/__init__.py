"""The images of an evaluation: created, attacked, and monitored for failures."""
