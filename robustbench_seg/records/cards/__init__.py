"""The content files: model cards, protocols, ablations."""
