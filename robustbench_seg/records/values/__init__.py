"""Values with a range or a choice, and small value types."""
