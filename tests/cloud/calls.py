"""A pipeline and a target in, its files out; a request by HTTP, or a command of a vendor's, in, its answer as JSON out. What goes wrong
is a `Refused` of one line."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from verify import Refused

from wye.backend.target import EmittedFile, Target
from wye.diagnostics import CompileFailed
from wye.driver import compile_source, compile_target

BUSY, PATIENCE = (429, 503), 6
"""What is asked again, after 1, 2, 4… seconds unless the answer says when, at most so often."""


def compiled(source: Path, pipeline: str, target: Target, options: Any) -> tuple[EmittedFile, ...]:
    try:
        return compile_target(compile_source(source, pipeline), target, options)[0]
    except CompileFailed as failed:
        raise Refused(str(failed)) from None


@dataclass(slots=True)
class Api:
    """The address of an API, with the token of whoever calls; `renew` gets another one, as runs may outlast it."""

    address: str
    token: str
    renew: Callable[[], str] | None = None

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        return self._asked("GET", path + "?" * bool(query) + urllib.parse.urlencode(query), None)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._asked("POST", path, json.dumps(body).encode())

    def delete(self, path: str) -> dict[str, Any]:
        return self._asked("DELETE", path, None)

    def _asked(self, method: str, path: str, data: bytes | None) -> dict[str, Any]:
        where, renewed = f"{method} {path.partition('?')[0]}", self.renew is None
        for tried in range(PATIENCE):
            headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
            request = urllib.request.Request(self.address.rstrip("/") + path, data, headers, method=method)
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    text = answer.read()
                    found: dict[str, Any] = json.loads(text) if text.strip() else {}
                    return found
            except urllib.error.HTTPError as error:
                if error.code == 401 and self.renew and not renewed:
                    self.token, renewed = self.renew(), True
                    continue
                if error.code in BUSY and tried < PATIENCE - 1:
                    after = error.headers.get("Retry-After", "")
                    time.sleep(float(after) if after.isdigit() else 2.0**tried)
                    continue
                raise Refused(f"{where}: HTTP {error.code}: {line(error.read().decode('utf-8', 'replace'))}") from None
            except (OSError, ValueError) as error:
                raise Refused(f"{where}: {error}") from None
        raise AssertionError


def line(text: str) -> str:
    """On one line, as far as anybody reads."""
    return " ".join(text.split())[:2000]


def run(argv: Sequence[str], cwd: Path | None = None) -> str:
    """What the command prints."""
    shown = " ".join(argv[:4])
    try:
        done = subprocess.run(argv, capture_output=True, text=True, cwd=cwd, timeout=1800)
    except FileNotFoundError:
        raise Refused(f"`{argv[0]}` is not installed, or not on PATH") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Refused(f"`{shown} …`: {error}") from None
    if done.returncode:
        raise Refused(f"`{shown} …`: exit code {done.returncode}: {line(done.stderr or done.stdout)}")
    return done.stdout


def answer(argv: Sequence[str], cwd: Path | None = None) -> Any:
    """The JSON that the command prints."""
    text = run(argv, cwd)
    try:
        return json.loads(text) if text.strip() else {}
    except ValueError:
        raise Refused(f"`{' '.join(argv[:4])} …` printed no JSON: {line(text)[:300]}") from None
