"""The weights of other projects: recognising them, and renaming their tensors."""
