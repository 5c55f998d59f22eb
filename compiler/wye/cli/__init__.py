"""The command line: arguments in, exit code out: 0 done, 1 a problem in the user's input, 2 usage, 70 our bug, 130 interrupted.

Nothing heavy is imported before it is needed: rich when a terminal shows a table, the compiler when a command compiles.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

__all__ = ["main", "run"]


def main() -> None:
    """The console script `wye`."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """One command, with the exit code as its value; never raises."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a narrow locale must not end in a UnicodeEncodeError
    try:
        if "_ARGCOMPLETE" in os.environ:  # a shell asks what may come next
            from wye.cli.completion import complete

            complete()
        from wye.cli.app import run_command_line

        code = run_command_line(arguments)
        sys.stdout.flush()
        return code
    except BaseException as error:
        from wye.cli.failure import exit_code

        return exit_code(error)
