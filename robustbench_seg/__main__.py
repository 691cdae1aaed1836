"""python -m robustbench_seg: the robustseg command, also where scripts are not on the PATH."""

from robustbench_seg.cli.main import main

main()
