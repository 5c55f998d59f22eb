"""A checked pipeline whose programs come in images in; the images, each with the folder that it is built from, and the pipeline as it
runs in them out. Pure: `wye compile` and `wye build` find the same tags, for a tag is the hash of what stands in the folder.

An image is what tasks with one base image, interpreter and set of packages share. It holds the packages, the runtime and the programs;
what a target adds (its adapter, the task files) travels with the artifact as ever.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from wye.backend.capabilities import Capabilities
from wye.backend.dockerfile import ROOT, USER, Environment, context
from wye.backend.names import NameRules, pulled
from wye.backend.supply import Supply
from wye.backend.target import EmittedFile
from wye.ir.model import Block, Call, Compute, Fail, Island, Node, Pipeline
from wye.ir.nodes import blocks, rewritten
from wye.ir.settings import Settings
from wye.stacks.stores import packages_of

FEATURE = "code.image"
NAMES = NameRules(charset="a-z0-9-", first="a-z0-9", prefix="p")
TAG = 16
"""Hexadecimal digits of a tag."""

Task = Call | Compute | Fail | Island


@dataclass(frozen=True, slots=True)
class Image:
    """One image. All of a pipeline's are tags of one `repository`, in the `registry`; `name` is what its folder is called, for people.
    `tasks` are those that run in it; `files` are the folder that it is built from."""

    name: str
    repository: str
    tag: str
    registry: str | None
    environment: Environment
    tasks: tuple[str, ...]
    files: tuple[EmittedFile, ...]

    @property
    def local(self) -> str:
        """Repository and tag, to which a target puts its registry."""
        return f"{self.repository}:{self.tag}"

    @property
    def reference(self) -> str:
        return f"{self.registry}/{self.local}" if self.registry else self.local


@dataclass(frozen=True, slots=True)
class Base:
    """What a stack and its target say of all images: the one to begin with where a step names none, the registry, the packages that every
    task needs, as whom they run."""

    image: Callable[[Settings], str]
    registry: str | None
    packages: tuple[str, ...]
    user: int = USER

    def environment(self, s: Settings) -> Environment:
        packages = tuple(sorted({*s.packages, *self.packages}))
        return Environment(pulled(s.image or self.image(s), self.registry), s.python, packages, self.user)


def base_of(options: Any, capabilities: Capabilities) -> Base:
    """A target that reaches the stack's store from its tasks has `store_options`."""
    how = getattr(options, "store_options", None)
    drivers = packages_of(getattr(options, "store", None), how) if how is not None else ()

    def image(s: Settings) -> str:
        own = capabilities.base(s, options) if capabilities.base else capabilities.image
        return getattr(options, "image", None) or own

    return Base(image, getattr(options, "registry", None), drivers, ROOT if capabilities.root else USER)


def images_of(pipeline: Pipeline, base: Base, supply: Supply | None) -> tuple[Image, ...]:
    """The images of a pipeline, in program order; the first is that of what needs none of its own."""
    found: dict[Environment, list[Task]] = {}
    for task in _tasks(pipeline):
        if not _neutral(task):
            found.setdefault(base.environment(task.settings), []).append(task)
    bare = base.environment(Settings())
    order = [bare] * (bare in found or not found) + [e for e in found if e != bare]
    repository = NAMES.spell(pipeline.name)
    taken: set[str] = set()
    made = []
    for environment in order:
        tasks = found.get(environment, [])
        wish = pipeline.name if environment is order[0] else f"{pipeline.name}-{_label(tasks[0], pipeline)}"
        files = context(pipeline, repository, environment, supply)
        name = _free(NAMES.spell(wish), taken)
        made.append(Image(name, repository, _tag(files), base.registry, environment, tuple(t.id for t in tasks), files))
    shared = tuple(t.id for t in _tasks(pipeline) if _neutral(t))
    return (replace(made[0], tasks=(*made[0].tasks, *shared)), *made[1:])


def in_images(pipeline: Pipeline, images: tuple[Image, ...], base: Base) -> Pipeline:
    """The pipeline whose tasks name these images, and no packages: they are there."""
    by_environment = {i.environment: i for i in images}

    def settled(node: Node) -> Node:
        if not isinstance(node, Task):
            return node
        image = images[0] if _neutral(node) else by_environment[base.environment(node.settings)]
        return replace(node, settings=in_image(node.settings, image))

    def block(b: Block) -> Block:
        return Block(tuple(settled(n if isinstance(n, Island) else rewritten(n, lambda e: e, block)) for n in b.nodes), b.yields)

    def bare(b: Block) -> Block:
        """What is inside an island runs where the island does."""
        return Block(tuple(_without_packages(rewritten(n, lambda e: e, bare)) for n in b.nodes), b.yields)

    def islands(b: Block) -> Block:
        return Block(tuple(rewritten(n, lambda e: e, bare if isinstance(n, Island) else islands) for n in b.nodes), b.yields)

    handler = pipeline.on_failure and settled(pipeline.on_failure)
    assert handler is None or isinstance(handler, Call)
    return replace(pipeline, body=islands(block(pipeline.body)), on_failure=handler)


def in_image(settings: Settings, image: Image) -> Settings:
    return replace(settings, image=image.local, python=settings.python or image.environment.own_python, packages=())


def _without_packages(node: Node) -> Node:
    return replace(node, settings=replace(node.settings, packages=())) if isinstance(node, Task) else node


def _tasks(pipeline: Pipeline) -> Iterator[Task]:
    """What runs as a task of the platform, in program order: what is inside an island runs in the island's."""

    def of(block: Block) -> Iterator[Task]:
        for node in block.nodes:
            if isinstance(node, Task):
                yield node
            else:
                for inner in blocks(node):
                    yield from of(inner)

    yield from of(pipeline.body)
    if pipeline.on_failure:
        yield pipeline.on_failure


def _neutral(task: Task) -> bool:
    """Whether it runs wherever Python is: an expression that reads nothing of a step's."""
    s = task.settings
    return isinstance(task, Compute | Fail) and not (s.image or s.python or s.packages)


def _label(task: Task, pipeline: Pipeline) -> str:
    return pipeline.step(task.step).name if isinstance(task, Call) else task.id


def _free(wish: str, taken: set[str]) -> str:
    name, n = wish, 1
    while name in taken:
        n += 1
        name = f"{wish}-{n}"
    taken.add(name)
    return name


def _tag(files: tuple[EmittedFile, ...]) -> str:
    whole = hashlib.sha256()
    for file in sorted(files, key=lambda f: f.path):
        part = hashlib.sha256(file.content).hexdigest()
        whole.update(f"{file.mode:o} {part} {file.path}\0".encode("utf-8", "surrogatepass"))
    return whole.hexdigest()[:TAG]
