"""An environment and a pipeline in; the folder that `docker build` makes its image from out: Dockerfile, packages, runtime, programs.

Credentials are in none of it. Who builds may give two secrets, which only the installation sees: `pip.conf`, a configuration file of
pip's that goes before the one here, and `netrc`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from wye.backend.embed import program_files, runtime_files
from wye.backend.names import IMAGE_NAME
from wye.backend.supply import Supply
from wye.backend.target import EmittedFile, emitted
from wye.ir.model import Pipeline

HOME = "/opt/wye"
"""Where an image holds the runtime (`wye_runtime/`) and the programs (`programs/<id>/`)."""
USER, ROOT = 65532, 0
"""No user of any image's: the number that distroless images made usual for nobody in particular. And who runs where that may not be."""
PACKAGES = "packages"
COMPILE = (
    f"import compileall, py_compile; compileall.compile_dir('{HOME}', quiet=2, "
    "invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)"
)
"""Whoever runs here may not write what Python compiles, and would compile it for each task. What this Python cannot read stays as it is."""
PLAIN, RUNNABLE = 0o644, 0o755

_IGNORED = f"# Only this goes to the builder.\n*\n!{PACKAGES}\n!wye_runtime\n!programs\n"


@dataclass(frozen=True, slots=True)
class Environment:
    """What tasks ask of an image: where it begins, the interpreter in it (`python3` unless somebody names another), packages. `user`: as
    whom they run."""

    base: str
    own_python: str | None
    packages: tuple[str, ...]
    user: int = USER

    @property
    def python(self) -> str:
        return self.own_python or "python3"


def context(pipeline: Pipeline, title: str, environment: Environment, supply: Supply | None) -> tuple[EmittedFile, ...]:
    """The folder's files, by path."""
    supplied = tuple(_supplied(supply)) if environment.packages else ()
    files = [EmittedFile("Dockerfile", dockerfile(pipeline, title, environment, supply), mode=PLAIN)]
    files += [EmittedFile(".dockerignore", _IGNORED, mode=PLAIN), *supplied]
    files += [EmittedFile(path, text, mode=PLAIN) for path, text in runtime_files(interpreter=True, guards=True, store=True)]
    for program in pipeline.programs:
        runnable = {d.path for d in program.data if d.executable}
        files += [
            emitted(f"programs/{program.id}/{path}", data, RUNNABLE if path in runnable else PLAIN) for path, data in program_files(program)
        ]
    return tuple(sorted(files, key=lambda f: f.path))


def _supplied(supply: Supply | None) -> Iterator[EmittedFile]:
    """What packages are installed with. The wheels are mounted while that is done, and in no layer."""
    form = supply.form if supply else {}
    yield EmittedFile(f"{PACKAGES}/pip.conf", pip_conf(form), mode=PLAIN)
    for key in ("lock", "cert"):
        if key in form:
            yield EmittedFile(f"{PACKAGES}/{key}.txt", form[key], mode=PLAIN)
    for wheel in supply.wheels if supply else ():
        yield emitted(f"{PACKAGES}/{_wheel(wheel.path)}", wheel.data, PLAIN)


def pip_conf(form: dict[str, object]) -> str:
    """What `[packages]` says, as pip's configuration for the machine: a user's own, which a builder may give, goes before it."""
    lines = ["[global]", "root-user-action = ignore", "break-system-packages = true"]
    for key, name in (("index", "index-url"), ("extra", "extra-index-url"), ("proxy", "proxy")):
        value = form.get(key)
        if isinstance(value, list):
            lines += [f"{name} =", *(f"    {one}" for one in value)]
        elif value:
            lines.append(f"{name} = {value}")
    if "cert" in form:
        lines.append(f"cert = {HOME}/{PACKAGES}/cert.txt")
    return "\n".join(lines) + "\n"


def dockerfile(pipeline: Pipeline, title: str, environment: Environment, supply: Supply | None) -> str:
    assert IMAGE_NAME.fullmatch(environment.base), environment.base
    labels = {
        "org.opencontainers.image.title": title,
        "org.opencontainers.image.description": next(iter((pipeline.doc or "").strip().splitlines()), ""),
        "org.opencontainers.image.base.name": environment.base,
        "wye.pipeline": pipeline.name,
    }
    lines = [
        "# Made by Wye from the pipeline's source: `wye build` builds it, under the tag that the artifacts name.",
        f"FROM {environment.base}",
        "USER 0:0",
        *(_installation(environment, supply) if environment.packages else ()),
        f"COPY wye_runtime {HOME}/wye_runtime",
        *([f"COPY programs {HOME}/programs"] if pipeline.programs else ()),
        f"RUN [{_word(environment.python)}, {_word('-c')}, {_word(COMPILE)}]",
        *(["# This user has no home of its own."] if environment.user != ROOT else []),
        'ENV HOME="/tmp"',
        *(f"LABEL {key}={quoted(value)}" for key, value in labels.items() if value),
        f"USER {environment.user}:{environment.user}",
    ]
    return "\n".join(lines) + "\n"


def _installation(environment: Environment, supply: Supply | None) -> Iterator[str]:
    """The layer of packages: one command, in the form that no shell reads."""
    form = supply.form if supply else {}
    wheels = [_wheel(w.path) for w in supply.wheels] if supply else []
    there = f"{HOME}/{PACKAGES}"
    own = next((w for w in wheels if re.match(r"wheels/pip-[0-9]", w)), None)  # for a base image that has no pip
    command = [environment.python, *([f"{there}/{own}/pip"] if own else ["-m", "pip"])]
    command += ["install", "--no-cache-dir", "--no-input", "--disable-pip-version-check"]
    command += ["--find-links", f"{there}/wheels"] if wheels else []
    if "lock" in form:
        command += [*(["--require-hashes", "-r"] if form.get("hashes") else ["-c"]), f"{there}/lock.txt"]
    packages = () if form.get("hashes") else environment.packages  # the lock has them
    yield f'ENV HOME="{HOME}/pip"'
    yield f"RUN --mount=type=bind,source={PACKAGES},target={there} \\"
    yield f"    --mount=type=bind,source={PACKAGES}/pip.conf,target=/etc/pip.conf \\"
    yield f"    --mount=type=secret,id=pip.conf,target={HOME}/pip/.config/pip/pip.conf \\"
    yield f"    --mount=type=secret,id=netrc,target={HOME}/pip/.netrc \\"
    yield "    [" + ", ".join(map(_word, command)) + "".join(f", \\\n     {_word(p)}" for p in packages) + "]"


def _word(text: str) -> str:
    """A word of a command as JSON, in which no parser finds the beginning of a here-document."""
    return json.dumps(text, ensure_ascii=True).replace("<<", "\\u003c<")


def quoted(text: str) -> str:
    """A value that a Dockerfile takes for itself: `$` would be a variable, and a line cannot hold another."""
    text = "".join(c if c.isprintable() else " " for c in text)
    return '"' + re.sub(r'[\\"$]', lambda m: "\\" + m[0], text) + '"'


def _wheel(path: str) -> str:
    return "wheels/" + path.rpartition("/")[2]
