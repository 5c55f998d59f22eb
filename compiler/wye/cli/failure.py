"""Whatever ended a command in, one line (or the diagnostics) on standard error and the exit code out. A traceback is never shown."""

from __future__ import annotations

import os
import sys
import traceback

from wye.cli.output import tell


class Usage(Exception):
    """The command cannot be meant like this; `help` says what to write."""

    def __init__(self, message: str, help: str | None = None) -> None:
        super().__init__(message)
        self.help = help


class Refused(Exception):
    """The input has a problem that is no place in a source; the message is one line."""

    def __init__(self, message: str, help: str | None = None) -> None:
        super().__init__(message)
        self.help = help


def exit_code(error: BaseException) -> int:
    """Tell the user what went wrong."""
    match error:
        case KeyboardInterrupt():
            tell("interrupted")
            return 130
        case SystemExit():
            return error.code if isinstance(error.code, int) else 1
        case BrokenPipeError():  # `wye dump … | head`: nobody reads on; nothing must be flushed at exit either
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 141
        case _:
            pass
    try:
        known = known_failure(error)
    except ImportError:  # a broken installation: the error itself says more
        known = None
    if known is None:
        return _bug(error)
    code, message, help = known
    tell(message, help)
    return code


def known_failure(error: BaseException) -> tuple[int, str, str | None] | None:
    """Exit code, message and help of what is not our bug."""
    if isinstance(error, Usage):
        return 2, str(error), error.help
    if isinstance(error, Refused):
        return 1, str(error), error.help
    from wye.backend.registry import BrokenTarget, UnknownTarget
    from wye.runs.folders import NoRun
    from wye.stacks import NoStack

    if isinstance(error, (UnknownTarget, NoStack, NoRun)):
        return 2, str(error), error.help
    from wye.backend.remote import CannotRun

    if isinstance(error, CannotRun):
        return 1, str(error), error.help
    from wye.backend.write import WriteFailed

    if isinstance(error, (BrokenTarget, WriteFailed)):
        return 1, str(error), None
    from wye.sources import InputError

    if isinstance(error, InputError):
        return 1, str(error), getattr(error, "help", None)
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename is not None else ""
        return 1, f"{place}{error.strerror[0].lower()}{error.strerror[1:]}", None
    return None


def _bug(error: BaseException) -> int:
    text = "".join(traceback.format_exception(error))
    last = traceback.format_exception_only(error)[-1].strip().split("\n")[0]
    if os.environ.get("WYE_DEBUG"):
        sys.stderr.write(text)
        where = "it is above"
    else:
        where = _saved(text)
    tell(f"this is a bug in wye: {last}", f"please report it with the traceback: {where}")
    return 70


def _saved(text: str) -> str:
    import tempfile

    try:
        with tempfile.NamedTemporaryFile("w", prefix="wye-bug-", suffix=".txt", delete=False, encoding="utf-8", errors="replace") as file:
            file.write(text)
        return f"it is in {file.name}"
    except OSError:
        return "WYE_DEBUG=1 shows it"
