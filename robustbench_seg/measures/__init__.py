"""What is counted for an image, how counts add up, and which scores follow."""
