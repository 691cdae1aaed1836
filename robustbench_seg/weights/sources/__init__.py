"""Where weights come from: files, URLs and the Hugging Face hub."""
