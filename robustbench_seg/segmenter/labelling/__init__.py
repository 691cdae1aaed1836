"""Computes labels and their confidence from logits."""
