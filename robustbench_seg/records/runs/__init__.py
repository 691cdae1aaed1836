"""What a run folder says of itself."""
