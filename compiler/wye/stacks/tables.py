"""The tables of `wye.toml` that hold for every target as typed values: what `[code]` and `[packages]` say goes in, checked.

Paths are POSIX, relative to the folder of the file that names them; whether something stands there is for whoever reads it to say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from wye.diagnostics import Span

Packaging = Literal["slice", "tree", "image"]


class TableError(ValueError):
    """A value that its type allows and its meaning does not. `field` names the key, `help` the remedy."""

    def __init__(self, field: str, message: str, help: str | None = None) -> None:
        super().__init__(message)
        self.field, self.help = field, help


@dataclass(frozen=True, slots=True)
class Code:
    """How the user's code travels.

    `packaging`: "slice", what each step needs of the user's modules, "tree", the packages that the pipeline imports and the files of
    `include` as they stand, or "image", the same in images that `wye build` makes. `include`: files, folders and globs (`src/acme`,
    `data/*.csv`, `**/*.sql`). `exclude`: what of all that stays at home. `roots`: folders whose modules are the user's own, beside that of
    the pipeline's file (`src`, `libs/*/src`).
    """

    packaging: Packaging = "slice"
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    roots: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.packaging not in get_args(Packaging):
            raise TableError("packaging", f"unknown packaging {self.packaging!r}")
        for name in ("include", "exclude", "roots"):
            for text in getattr(self, name):
                _path(name, text)
                if text.startswith("/") or ".." in text.split("/"):
                    raise TableError(
                        name, f"{text!r} leads out of the folder of the file", "what travels stands below the file that names it"
                    )


@dataclass(frozen=True, slots=True)
class Packages:
    """Where the packages of steps come from: what `packages=[…]` and a lock file are installed with, here and in containers.

    `index`: the package index instead of PyPI; `extra-index`: further ones. `lock`: a requirements file that pins all that is installed.
    `wheels`: files, or folders of them, that are installed from and travel along. `proxy`: for all downloads. `cert`: a file of the
    certificates to trust.
    """

    index: str | None = None
    extra_index: tuple[str, ...] = field(default=(), metadata={"key": "extra-index"})
    lock: str | None = None
    wheels: tuple[str, ...] = ()
    proxy: str | None = None
    cert: str | None = None

    def __post_init__(self) -> None:
        for name, texts in (("index", (self.index,)), ("extra_index", self.extra_index), ("proxy", (self.proxy,))):
            for text in texts:
                if text is not None:
                    _url(name, text)
        for name, texts in (("lock", (self.lock,)), ("wheels", self.wheels), ("cert", (self.cert,))):
            for text in texts:
                if text is not None:
                    _path(name, text)


TABLES = {"code": Code, "packages": Packages}
"""The tables that hold for every target: for all stacks, or in one."""


@dataclass(frozen=True, slots=True)
class StoreOptions:
    """How a store is reached whose `store` is an address; credentials are found where tasks run, and never stand here.

    `endpoint`: where the service is, when it is not the vendor's own (MinIO, Ceph, a private endpoint). `region`: of an s3:// bucket.
    `project`: of a gs:// bucket. `account`: the storage account of an az:// container. `packages`: what is installed where the driver is
    missing, instead of the latest: `["s3fs==2025.3.0"]`.
    """

    endpoint: str | None = None
    region: str | None = None
    project: str | None = None
    account: str | None = None
    packages: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.endpoint is not None:
            _url("endpoint", self.endpoint)
        for name in ("region", "project", "account"):
            text = getattr(self, name)
            if text is not None and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.:_-]{0,99}", text):
                raise TableError(name, f"not the name of {'an' if name == 'account' else 'a'} {name}: {text!r}")
        for text in self.packages:
            if not re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*\s*($|[\[=<>!~;@ ])", text) or not text.isprintable():
                raise TableError("packages", f"not a package: {text!r}", 'write it as pip takes it: "s3fs==2025.3.0"')


@dataclass(frozen=True, slots=True)
class Shared:
    """What every stack may name, whatever its target: where artifacts go, how that is reached, and where images without a registry of
    their own come from. A target that has an option of that name takes it; on the others the report says what it is."""

    store: str | None = None
    store_options: StoreOptions = field(default_factory=StoreOptions, metadata={"key": "store-options"})
    registry: str | None = None


DEFAULT = "default"
"""The origin of a value that nobody has set."""


@dataclass(frozen=True, slots=True)
class Effective:
    """One value that holds: `placement.labels.team`, its value, whose it is, where that stands, and the variables in it. `subject`: the
    task that it holds for, when it is not for all."""

    key: str
    value: Any
    origin: str
    span: Span | None = None
    variables: tuple[str, ...] = ()
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Config:
    """What the project says for every target. `folder` is where the file that says it stands; without a file all is as if unsaid.
    `stack`: the chosen one. `effective`: each value of the tables, and whose it is."""

    code: Code = Code()
    packages: Packages = Packages()
    folder: Path | None = field(default=None, compare=False)
    stack: str = field(default="", compare=False)
    effective: tuple[Effective, ...] = field(default=(), compare=False)

    def path(self, text: str) -> Path:
        """A path of one of the tables, on this machine."""
        return (self.folder or Path()) / text


def _path(name: str, text: str) -> None:
    if not text.strip() or not text.isprintable():
        raise TableError(name, f"not a path: {text!r}")
    if "\\" in text:
        raise TableError(name, f"not a path: {text!r}", "write it with `/`, on every system")


def _url(name: str, text: str) -> None:
    try:
        parts = urlsplit(text)
        good = bool(parts.hostname) and parts.scheme in ("http", "https") and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good or not text.isprintable() or not text.isascii() or " " in text:
        raise TableError(name, f"not an address: {text!r}", "write it with its scheme: https://packages.example.com/simple")
    if parts.username is not None or parts.password is not None:
        help = "leave it out: where tasks run the driver finds credentials by its own means"
        if name != "endpoint":
            help = "leave it out; where tasks run, a secret that sets PIP_INDEX_URL goes before this address, and pip and uv read ~/.netrc"
        raise TableError(name, f"the address of {parts.hostname} has a user or a password in it, which would stand in every artifact", help)


def key_of(f: Any) -> str:
    """How a field is spelled in the file."""
    return str(f.metadata.get("key", f.name))
