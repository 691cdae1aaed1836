"""Loops over pixels, which Numba compiles at their first call and caches on disk.

Import this package inside a function, because importing Numba is slow and some corruptions do not
need it. Sums have the same order as in the reproduced libraries, so that results agree bit for bit.
"""

from robustbench_seg.corruption.kernels.clouds import (
    add_fog,
    raise_centres,
    raise_lefts,
    raise_tops,
)
from robustbench_seg.corruption.kernels.disk import disk_levels
from robustbench_seg.corruption.kernels.flakes import add_snow, enlarge
from robustbench_seg.corruption.kernels.gaussian import gaussian_levels, gaussian_plane
from robustbench_seg.corruption.kernels.lines import shifted_levels, shifted_plane
from robustbench_seg.corruption.kernels.neighbours import copy_neighbours, pack, unpack
from robustbench_seg.corruption.kernels.points import (
    add_mud,
    add_water,
    blend,
    channel_sums,
    drops_above,
    shift_hsv,
)
from robustbench_seg.corruption.kernels.resampling import displace, mean_of_zooms
from robustbench_seg.corruption.kernels.sampling import (
    alias_table,
    draw_choices,
    draw_levels,
    draw_uniform,
)

__all__ = [
    "add_fog",
    "add_mud",
    "add_snow",
    "add_water",
    "alias_table",
    "blend",
    "channel_sums",
    "copy_neighbours",
    "disk_levels",
    "displace",
    "draw_choices",
    "draw_levels",
    "draw_uniform",
    "drops_above",
    "enlarge",
    "gaussian_levels",
    "gaussian_plane",
    "mean_of_zooms",
    "pack",
    "raise_centres",
    "raise_lefts",
    "raise_tops",
    "shift_hsv",
    "shifted_levels",
    "shifted_plane",
    "unpack",
]
