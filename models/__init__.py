"""Content: one TOML card per model, and the shipped weights."""
