"""python -m robustbench_seg.ablation.worker FILE.json: run one step, as a process of torchrun."""

import sys
from pathlib import Path

from robustbench_seg.ablation.step_processes import error_file, read_step
from robustbench_seg.errors import RobustsegError
from robustbench_seg.files import write_json
from robustbench_seg.machine.signals import INTERRUPTED, TERMINATED, Terminated, orderly_end
from robustbench_seg.machine.start import keep_freed_memory


def main(file: Path) -> int:
    """Run the step in a file; return the exit code."""
    keep_freed_memory()
    try:
        with orderly_end():
            read_step(file).run()
    except RobustsegError as error:
        table = {"message": str(error), "exit_code": error.exit_code}
        write_json(error_file(file), table)
        return error.exit_code
    except Terminated:
        return TERMINATED
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
