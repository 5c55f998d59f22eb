"""A flat pipeline and `[packages]` of the stack file in; what its tasks' packages are installed with out: where from, pinned by what, and
wheels. `supply` gives the pipeline all that, the wheels with its programs.

Credentials are in none of it: pip and uv read them from variables and netrc where a task runs.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from wye.diagnostics import Diagnostics, Span
from wye.ir.model import Call, Compute, DataFile, Fail, Node, Pipeline, Program
from wye.ir.nodes import every, rewritten
from wye.sources import files_below, matches
from wye.stacks.tables import Config

WHEELS = ".wheels"
"""The folder of a program that holds the wheels."""

_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_ALLOWED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\s*(\[[^\]]*\])?\s*(([=<>!~]=?|===)[^;@#]*)?(;.*)?")


@dataclass(frozen=True, slots=True)
class Supply:
    """`form`: what a task file says of it (`index`, `extra`, `proxy`, `cert`, `lock`, `hashes`), as far as there is any."""

    form: dict[str, Any]
    wheels: tuple[DataFile, ...]


def supply(pipeline: Pipeline, config: Config) -> Pipeline:
    """Raises as `supply_of` does."""
    found = supply_of(pipeline, config)
    if found is None:
        return pipeline
    pipeline = replace(pipeline, install=json.dumps(found.form, sort_keys=True))
    return _with_wheels(pipeline, found.wheels) if found.wheels else pipeline


def supply_of(pipeline: Pipeline, config: Config, more: tuple[str, ...] = ()) -> Supply | None:
    """None when nothing is said, or nothing is installed. `more`: packages that no step asks for. Raises `CompileFailed` when a file that
    is named cannot be read, or cannot travel."""
    p = config.packages
    wanted = bool(more) or any(n.settings.packages for n in _tasks(pipeline))
    if not wanted or not any((p.index, p.extra_index, p.lock, p.wheels, p.proxy, p.cert)):
        return None
    problems = Diagnostics()
    form: dict[str, Any] = {"index": p.index, "extra": list(p.extra_index), "proxy": p.proxy}
    if p.cert:
        form["cert"] = _text(config, p.cert, problems)
    if p.lock:
        form["lock"] = _lock(pipeline, config, p.lock, problems)
        form["hashes"] = "--hash=" in form["lock"]
    wheels = _wheels(config, problems)
    problems.check()
    return Supply({k: v for k, v in form.items() if v}, wheels)


def _tasks(pipeline: Pipeline) -> list[Call | Compute | Fail]:
    nodes: list[Node] = [*every(pipeline.body), *([pipeline.on_failure] if pipeline.on_failure else [])]
    return [n for n in nodes if isinstance(n, Call | Compute | Fail)]


def _lock(pipeline: Pipeline, config: Config, path: str, problems: Diagnostics) -> str:
    """The lock file as it travels: its requirements with their hashes, without comments."""
    text = _text(config, path, problems)
    lines: list[str] = []
    names: set[str] = set()
    for number, line in enumerate(text.replace("\\\n", " ").splitlines(), 1):
        line = " ".join(re.sub(r"(^|\s)#.*", "", line).split())
        bare = re.sub(r"\s--hash=\S+", "", line).strip()
        if not line:
            continue
        if not _ALLOWED.fullmatch(bare):
            problems.error(
                "WYE6017", f"line {number} of the lock file is no pinned package: {bare[:60]!r}", _place(config),
                help="write it with `uv pip compile`, `uv export --format requirements-txt` or `pip freeze`; indexes stand in [packages]",
            )  # fmt: skip
            break
        lines.append(line)
        names.add(_normal(bare))
    for node in _tasks(pipeline) if lines and not problems.failed else ():
        for package in node.settings.packages:
            if _normal(package) not in names:
                problems.error(
                    "WYE6017", f"the lock file has no `{package}`", node.settings.span("packages", node.span),
                    help=f"lock it as well: {path} pins all that is installed",
                )  # fmt: skip
    return "\n".join(lines) + "\n"


def _normal(requirement: str) -> str:
    found = _NAME.match(requirement)
    return re.sub(r"[-_.]+", "-", found[1]).lower() if found else ""


def _wheels(config: Config, problems: Diagnostics) -> tuple[DataFile, ...]:
    found: dict[str, bytes] = {}
    for pattern in config.packages.wheels:
        base = str(config.folder or Path())
        files = [Path(f) for m in matches(base, pattern) for f in files_below(str(Path(base, m))) if f.endswith(".whl")]
        if not files:
            problems.error("WYE6017", f"no wheel is called `{pattern}`", _place(config), help="name a .whl file, or a folder of them")
        for file in files:
            found[file.name] = file.read_bytes()
    return tuple(DataFile(f"{WHEELS}/{name}", data, False) for name, data in sorted(found.items()))


def _with_wheels(pipeline: Pipeline, wheels: tuple[DataFile, ...]) -> Pipeline:
    """Each program of a task with packages has the wheels; an expression without a program gets that of a step with its packages."""
    programs = {s.id: s.program for s in pipeline.steps}
    of: dict[tuple[str, ...], str] = {}
    for node in _tasks(pipeline):
        if isinstance(node, Call) and node.settings.packages:
            of.setdefault(node.settings.packages, programs[node.step] or "")

    def given(node: Node) -> Node:
        if isinstance(node, Compute | Fail) and node.settings.packages and not node.program:
            return replace(node, program=of.get(node.settings.packages) or None)
        return node

    def block(b: Any) -> Any:
        return replace(b, nodes=tuple(given(rewritten(n, lambda e: e, block)) for n in b.nodes))

    made = replace(pipeline, body=block(pipeline.body))
    needing = set(of.values()) | {n.program for n in _tasks(made) if isinstance(n, Compute | Fail) and n.settings.packages}

    def stocked(p: Program) -> Program:
        return replace(p, data=(*p.data, *wheels)) if p.id in needing else p

    return replace(made, programs=tuple(stocked(p) for p in made.programs))


def _text(config: Config, path: str, problems: Diagnostics) -> str:
    try:
        return config.path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problems.error("WYE6017", f"`{path}` cannot be read: {getattr(error, 'strerror', None) or 'it is not text'}", _place(config))
        return ""


def _place(config: Config) -> Span:
    folder = config.folder or Path()
    name = "wye.toml" if (folder / "wye.toml").is_file() else "pyproject.toml"
    return Span((folder / name).as_posix(), 1, 1, 1, 1)
