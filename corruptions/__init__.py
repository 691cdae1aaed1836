"""Content: one TOML file per corruption protocol."""
