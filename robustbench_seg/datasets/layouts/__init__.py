"""The layouts of the public datasets, one file each: where their images and labels are."""
