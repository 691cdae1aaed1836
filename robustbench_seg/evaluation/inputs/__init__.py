"""What an evaluation runs on: its data, conditions, models and attacks, open and checked."""
