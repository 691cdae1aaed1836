"""Reading and writing files: atomic writes, regular files only, names valid on every system."""

from robustbench_seg.files.atomic import (
    atomic_file,
    cannot_be_written,
    remove_partials,
    write_bytes,
    write_text,
)
from robustbench_seg.files.digests import digest_bytes, digest_file, digest_json
from robustbench_seg.files.json_files import (
    MAX_JSON,
    Json,
    canonical_json,
    parse_json,
    read_json,
    write_json,
)
from robustbench_seg.files.ownership import check_own, not_own, own_folder
from robustbench_seg.files.paths import (
    cache_folder,
    checked_path,
    file_name,
    folder_name_problem,
    path_problem,
)
from robustbench_seg.files.regular import check_regular, open_regular

__all__ = [
    "MAX_JSON",
    "Json",
    "atomic_file",
    "cache_folder",
    "cannot_be_written",
    "canonical_json",
    "check_own",
    "check_regular",
    "checked_path",
    "digest_bytes",
    "digest_file",
    "digest_json",
    "file_name",
    "folder_name_problem",
    "not_own",
    "open_regular",
    "own_folder",
    "parse_json",
    "path_problem",
    "read_json",
    "remove_partials",
    "write_bytes",
    "write_json",
    "write_text",
]
