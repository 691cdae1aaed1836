"""The averages of a protocol: of single values, and of a model's scores in every draw."""
