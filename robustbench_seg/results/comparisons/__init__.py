"""Comparisons of models that were scored on the same images."""
