"""The description of a tree.

`tree_record` has the settings that decide its pixels, and `manifest` adds every file. `tree_files`
reads and writes both as JSON with a digest, `first_format` converts the oldest JSON, and
`other_tree` has the errors about differences.
"""
