"""What papers say: published tables, claims and costs."""
