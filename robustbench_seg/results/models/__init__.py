"""The scores of one model, from the counts of its runs."""
