"""What a call is asked to do."""
