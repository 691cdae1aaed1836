"""Sources of weights: files, URLs and the Hugging Face hub."""
