"""Content: one TOML file per dataset: its classes, their colours, and what its label ids mean."""
