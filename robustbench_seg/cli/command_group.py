"""A group of commands that turns errors into one line and an exit code."""

import errno
import logging
from typing import Any

import click

from robustbench_seg.errors import RobustsegError
from robustbench_seg.machine.signals import INTERRUPTED, TERMINATED, Terminated, orderly_end
from robustbench_seg.machine.standard_streams import secure_streams
from robustbench_seg.text import printable

log = logging.getLogger(__name__)


class CommandGroup(click.Group):
    """A group that turns the project's errors into one line and an exit code."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Run the command line; Ctrl-C and SIGTERM end it in an orderly way."""
        secure_streams()
        with orderly_end():
            return super().main(*arguments, **options)

    def invoke(self, context: click.Context) -> Any:
        """Run the subcommand."""
        try:
            return super().invoke(context)
        except RobustsegError as error:
            log.debug("the command stops", exc_info=error)
            message, code = str(error), error.exit_code
        except Terminated:
            message, code = "terminated; finished work is kept", TERMINATED
        except KeyboardInterrupt:
            message, code = "interrupted; finished work is kept", INTERRUPTED
        except OSError as error:  # errors for which no command has a better message
            if error.strerror is None:
                raise
            log.debug("the command stops", exc_info=error)
            message, code = _refused_by_the_system(error), 2
        except (RuntimeError, MemoryError) as error:
            if not _is_out_of_memory(error):
                raise
            why = str(error).partition(". ")[0].partition("] ")[2] or str(error).partition(". ")[0]
            hint = "reduce --batch, --crop or --size, or try --precision bf16"
            message, code = f"{why or 'out of memory'}; {hint}", 2
        except ImportError as error:
            # opencv-python links against libGL even if it never opens a window.
            if "libGL" not in str(error) and "libgthread" not in str(error):
                raise
            hint = "OpenCV needs a system package: apt-get install libgl1 libglib2.0-0"
            message, code = f"{error}. {hint}", 2
        if message:  # on stderr, because stdout is for results only
            click.echo(f"robustseg: {message}", err=True)
        return context.exit(code)


def _refused_by_the_system(error: OSError) -> str:
    """One line about an error of the system, with the file if it is known."""
    where = "" if error.filename is None else f"{printable(error.filename)}: "
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return f"{where}{error.strerror}; raise the limit (ulimit -n 1024) and run again"
    return f"{where}{error.strerror}; fix this and run again"


def _is_out_of_memory(error: RuntimeError | MemoryError) -> bool:
    if isinstance(error, MemoryError):
        return True
    # Recognise torch's OutOfMemoryError by name, because its import is slow, and the message of
    # torch's CPU allocator.
    return type(error).__name__ == "OutOfMemoryError" or "can't allocate memory" in str(error)
