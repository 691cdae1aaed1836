"""Models that are objects of Python: a user's torch module or callable."""
