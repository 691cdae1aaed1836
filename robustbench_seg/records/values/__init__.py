"""Values with a range or a choice, and small values of their own."""
