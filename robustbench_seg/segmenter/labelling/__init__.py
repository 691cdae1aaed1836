"""From logits to labels and their confidence."""
