"""Announces the compilation of the corruptions' loops, for which a first run waits."""

import sys
from functools import cache

from tqdm import tqdm

NOTICE = "compiling the corruptions, once: this takes about half a minute"


@cache
def announce_compiling() -> None:
    """From now on, print a line on stderr when a corruption is compiled for the first time.

    If all of them are already on disk, nothing is printed.
    """
    from numba.core import event

    class Notice(event.Listener):
        said = False

        def on_start(self, event: event.Event) -> None:
            module = event.data["dispatcher"].py_func.__module__
            if module.startswith(f"{__package__}.kernels") and not self.said:
                self.said = True
                # Printed above the progress bar, if there is one.
                tqdm.write(NOTICE, file=sys.stderr)

        def on_end(self, event: event.Event) -> None:
            pass

    event.register("numba:compile", Notice())  # type: ignore[no-untyped-call]
