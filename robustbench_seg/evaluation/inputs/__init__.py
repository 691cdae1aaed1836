"""The inputs of an evaluation: its data, conditions, models and attacks, opened and checked."""
