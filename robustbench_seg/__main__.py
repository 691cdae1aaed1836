"""python -m robustbench_seg: the robustseg command, even if scripts are not on the PATH."""

from robustbench_seg.cli.main import main

main()
