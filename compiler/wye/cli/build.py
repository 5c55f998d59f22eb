"""`wye build`: sources in; for each image of their pipelines a folder with its Dockerfile, and the image that docker makes of it, out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wye.backend import registry
from wye.backend.images import FEATURE, Image
from wye.backend.report import image_json
from wye.backend.target import EmittedFile
from wye.backend.write import REPORT, write_builds
from wye.cli import machine
from wye.cli.builder import Build, Builder, by_hand
from wye.cli.compile import Wanted, compile_all
from wye.cli.failure import Refused, Usage
from wye.cli.output import json_diagnostics, note, say, say_json, show_diagnostics
from wye.cli.several import compile_several
from wye.diagnostics import Diagnostic

if TYPE_CHECKING:
    from wye.cli.compile import Compiled

FOLDER = "images"
"""Below a pipeline's builds."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How to build. `build`: whether docker is asked at all; `dry`: nothing is written either."""

    out: Path
    build: bool
    push: bool
    dry: bool
    network: str | None
    platform: str | None
    format: str


@dataclass(frozen=True, slots=True)
class Made:
    """An image of a pipeline, and the folder that it is built from."""

    pipeline: str
    image: Image
    folder: Path

    def build(self, asked: Asked) -> Build:
        return Build(self.image.reference, self.folder, asked.network, asked.platform)


def build_command(wanted: Wanted, sources: Sequence[str], asked: Asked) -> int:
    """Compile, write the folders, build, push. Nothing is written when a source has problems."""
    if asked.push and (asked.dry or not asked.build):
        raise Usage("--push goes with a build", "leave out --no-build and --dry-run")
    with machine.whole(asked.format, _told):
        compiled, problems, root = _compiled(wanted, sources)
        if not wanted.targets:
            problems = _without_those_left_out(compiled, problems)
        if any(d.severity == "error" for d in problems):
            if asked.format == "json":
                say_json({**_form("failed", []), "diagnostics": json_diagnostics(problems, root)})
            else:
                show_diagnostics(problems, root)
            return 1
        made = [m for c in compiled for m in _images(c, asked.out)]
        if asked.push and (bare := [m.image.local for m in made if m.image.registry is None]):
            raise Refused(f"no registry to push {bare[0]} to", 'say it in the stack: registry = "registry.example.com/ml"')
        status = _carried_out(made, asked)
    if asked.format == "json":
        say_json(_form(status, made))
    else:
        _show(made, asked, status)
    return 0


def _compiled(wanted: Wanted, sources: Sequence[str]) -> tuple[Sequence[Compiled], Sequence[Diagnostic], Path]:
    if len(sources) > 1:
        several = compile_several(wanted, sources)
        return several.compiled, several.problems, Path("/")
    one = compile_all(replace(wanted, source=sources[0]))
    return [one], one.problems, one.root


def _without_those_left_out(compiled: Sequence[Compiled], problems: Sequence[Diagnostic]) -> Sequence[Diagnostic]:
    """Of targets that nobody named, one that cannot do what a pipeline asks needs no image of it."""
    if any(not any(r.checked for r in c.results) for c in compiled):
        return problems
    return [d for d in problems if d.target is None]


def _images(compiled: Compiled, out: Path) -> list[Made]:
    """The images that a pipeline's artifacts name, each once."""
    assert compiled.pipeline
    name = compiled.pipeline.name
    found = {i.reference: i for r in compiled.results if r.checked for i in r.checked.images}
    if not found:
        for r in compiled.results:
            for d in r.checked.decisions if r.checked else ():
                if d.feature == FEATURE:
                    raise Refused(f"{r.target} needs no images: {d.how}")
        raise Refused(
            f"the programs of `{name}` travel with its artifacts: there is nothing to build",
            'to have them in images, write packaging = "image" in [code] of wye.toml, or of a stack',
        )
    folders: dict[str, Image] = {}
    for image in found.values():
        folders[image.name if image.name not in folders else f"{image.name}-{image.tag}"] = image
    return [Made(name, image, out / name / FOLDER / folder) for folder, image in folders.items()]


def _carried_out(made: Sequence[Made], asked: Asked) -> str:
    if asked.dry:
        return "planned"
    builder = Builder() if asked.build else None
    write_builds(_folders(made))
    if builder is None:
        return "written"
    for m in made:
        note(f"building {m.image.reference}")
        builder.build(m.build(asked))
    for m in made if asked.push else ():
        builder.push(m.image.reference)
    return "pushed" if asked.push else "built"


def _folders(made: Sequence[Made]) -> Mapping[Path, Sequence[EmittedFile]]:
    """The files of each pipeline's images, below one folder that is replaced as a whole."""
    found: dict[Path, list[EmittedFile]] = {}
    for m in made:
        files = found.setdefault(m.folder.parent, [])
        files += [replace(f, path=f"{m.folder.name}/{f.path}") for f in m.image.files]
    for folder, files in found.items():
        images = [_image(m, m.folder.name) for m in made if m.folder.parent == folder]
        files.append(EmittedFile(REPORT, json.dumps({"images": images}, indent=2) + "\n"))
    return found


# --- what is told -------------------------------------------------------------------------------------------------------------------


def _image(m: Made, folder: str) -> dict[str, Any]:
    return {"pipeline": m.pipeline, **image_json(m.image), "folder": folder}


def _form(status: str, made: Sequence[Made]) -> dict[str, Any]:
    images = [_image(m, m.folder.as_posix()) for m in made]
    return {"status": status, "images": images, "diagnostics": [], "messages": []}


def _told(message: str, format: str) -> None:
    say_json({**_form("failed", []), "messages": [message]})


def _show(made: Sequence[Made], asked: Asked, status: str) -> None:
    for m in made:
        e = m.image.environment
        what = ", ".join(e.packages) or "no packages"
        say(f"{m.image.reference}  {status}")
        say(f"  {e.base}, {what}; for {', '.join(m.image.tasks)}")
        say(f"  {by_hand(m.build(asked)) if asked.dry else m.folder.as_posix() + '/'}")


def usual_targets() -> tuple[str, ...]:
    """The targets whose tasks can run in images of one's own; but one whose images begin with the platform's must be asked for."""
    found = []
    for name in registry.names():
        target = registry.load(name)
        known = target.capabilities
        if known.base is None and known.row(FEATURE, "image", target.options()).level == "native":
            found.append(name)
    return tuple(found)
