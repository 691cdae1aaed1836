"""Writes a tree: a plan of images and conditions, worked off image by image, begun or resumed.

* The plan: `plan`, `clean_images`.
* The files: `png`, `links` (labels), `descriptions` (a TOML file for each condition).
* The work: `resume` (begin or continue), `spot_check` (checks that an old tree still gives the same
  pixels), `image_job` (one clean image), `write_tree` (all), `merging` (the manifests of shards).
"""
