"""An Airflow DAG as a small tree of prepared Python. Nothing of the user's stands in a field that Airflow renders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from wye.ir import model as ir


@dataclass(frozen=True, slots=True)
class Task:
    """One task: the arguments of its decorator, its function and its call. `arguments` are (name in the function, Python of the caller)."""

    id: str
    function: str
    settings: tuple[str, ...]
    arguments: tuple[tuple[str, str], ...]
    file: str
    """The task file's text."""
    decorator: str = "task"
    expand: tuple[str, str] | None = None
    """Of a mapped task that stands in no group: the argument that takes the index, and the variable of the list."""

    @property
    def variable(self) -> str:
        return variable(self.function)


@dataclass(frozen=True, slots=True)
class Group:
    """A mapped task group. Its function takes `index`, and expands over the variable `items`; `shared` are those of its tasks' variables
    that are read outside."""

    id: str
    function: str
    index: str
    items: str
    tasks: tuple[Task, ...]
    edges: tuple[str, ...]
    shared: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dag:
    """One DAG. `settings` and `params` are arguments of `@dag` and entries of its `params`, as Python; `edges` are statements.
    `interpreter`: a task runs a region with the plan interpreter."""

    name: str
    function: str
    title: str
    store: str | None
    settings: tuple[str, ...]
    params: tuple[str, ...]
    body: tuple[Task | Group, ...]
    edges: tuple[str, ...]
    programs: tuple[ir.Program, ...]
    interpreter: bool
    reached: dict[str, Any] | None = None
    """How a store is reached that is an address."""

    @property
    def tasks(self) -> Iterator[Task]:
        for part in self.body:
            yield from part.tasks if isinstance(part, Group) else (part,)

    @property
    def source(self) -> str:
        """All of the DAG's own code, for the imports."""
        return "\n".join([*self.settings, *self.params, *(s for t in self.tasks for s in t.settings)])


def variable(function: str) -> str:
    return function + "_"  # no function's name ends with one


def literal(value: Any) -> str:
    """A Python literal in ASCII; a string in double quotes where that needs no escape."""
    text = ascii(value)
    return f'"{text[1:-1]}"' if isinstance(value, str) and text[0] == "'" and '"' not in text else text
