"""Where the content folders are mounted at install time (see setup.cfg)."""
