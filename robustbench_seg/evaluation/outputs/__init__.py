"""Files that an evaluation writes besides its runs: predictions, attacked images, pictures."""
