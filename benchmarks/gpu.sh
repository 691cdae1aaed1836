#!/bin/sh
# Checks and measures one GPU in at most ten minutes: benchmarks/gpu.sh [FILE]
# Exit code 0: all checks hold. 1: a check fails, or the time is over; FILE has what was done.
cd "$(dirname "$0")/.." || exit 1
python=.venv/bin/python
[ -x "$python" ] || python=python3
timeout 600 "$python" benchmarks/gpu.py "${1:-benchmarks/results/gpu.json}" --device cuda || exit 1
