"""The compiler, top to bottom: a file and a target go in, the artifact's files come out as values; nothing is written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from wye import cache, passes
from wye.backend.check import CheckedPipeline, check, judge, takes_images
from wye.backend.images import base_of, images_of, in_images
from wye.backend.report import report_file
from wye.backend.supply import supply, supply_of
from wye.backend.target import EmittedFile, Target
from wye.diagnostics import CompileFailed
from wye.ir.model import Pipeline
from wye.sources import Layout, source_root
from wye.stacks import load_config
from wye.stacks.tables import Config, Effective


def layout_of(file: Path, config: Config | None = None) -> Layout:
    """Where the user's code lies and how it travels: as `[code]` of a stack says, else of the nearest file. Raises `CompileFailed`."""
    config = config or load_config(file)
    code = config.code
    packaging: Literal["slice", "tree"] = "slice" if code.packaging == "slice" else "tree"
    return Layout(packaging, code.include, code.exclude, code.roots, (config.folder or file.parent).resolve())


def root_of(file: Path, layout: Layout | None = None) -> Path:
    """The folder that the paths of spans start from."""
    try:
        return source_root(file, roots=(layout or layout_of(file)).folders())
    except (CompileFailed, OSError):
        return source_root(file)


def read_pipeline(file: Path, pipeline: str | None = None, layout: Layout | None = None) -> Pipeline:
    """The IR as the front end makes it. Raises `CompileFailed`, and `InputError` when the file cannot be read."""
    from wye.frontend import load  # the parser is the dearest import of a compile: only when it is needed

    return load(file, pipeline, layout or layout_of(file)).pipeline


def compile_source(file: Path, pipeline: str | None = None, layout: Layout | None = None, *, cached: bool = False) -> Pipeline:
    """The flat IR after all passes, with the program of every task. Raises `CompileFailed` and `InputError`.

    `layout`: how the user's code travels, when it is not as the nearest stack file says. `cached`: take the result from the cache when
    nothing that it was made from has changed, and keep it there.
    """
    layout = layout or layout_of(file)
    kept = cache.load(file, pipeline, layout) if cached else None
    if kept is not None:
        return kept
    from wye.frontend import load

    source = load(file, pipeline, layout)
    made = source.programs(passes.run(source.pipeline))
    if cached:
        cache.store(file, pipeline, layout, source.project.probes, made)
    return made


def compile_target(
    pipeline: Pipeline,
    target: Target,
    options: Any,
    *,
    strict: bool = False,
    config: Config | None = None,
    effective: tuple[Effective, ...] = (),
) -> tuple[tuple[EmittedFile, ...], CheckedPipeline]:
    """One target's files with the loss report, and the proof that the target can do all that the pipeline asks. Raises `CompileFailed`."""
    built = bool(config and takes_images(target, options, config))
    pipeline = supply(pipeline, config) if config and not built else pipeline
    legal = passes.islands(pipeline, judge(target, options), target.name, judge(target, options, turns=True))
    checked = check(legal, target, options, strict=strict, config=config, effective=effective)
    if config and built:
        base = base_of(options, target.capabilities)
        images = images_of(legal, base, supply_of(legal, config, base.packages))
        checked = replace(checked, pipeline=in_images(legal, images, base), images=images)
    return (*target.emit(target.lower(checked, options)), report_file(checked)), checked
