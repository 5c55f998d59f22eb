"""`wye dump`, `wye targets`, `wye explain`: what the compiler knows, shown to people or programs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from wye.backend.capabilities import FEATURES, Row
from wye.cli.failure import Usage
from wye.cli.output import heading, say, say_json, show_diagnostics, table
from wye.cli.source import split_source

LEVELS = {"native": "native", "emulated": "emulated", "advisory": "advisory", "rejected": "–"}


def dump_command(source: str, json: bool) -> int:
    """The IR of a pipeline: as text as the front end gave it, or as the plan that the targets read."""
    from wye import driver
    from wye.diagnostics import CompileFailed

    file, name = split_source(source)
    try:
        if json:
            from wye.ir.json import plan_json

            say_json(plan_json(driver.compile_source(file, name, cached=True)))
        else:
            from wye.ir.text import show

            sys.stdout.write(show(driver.read_pipeline(file, name)))
    except CompileFailed as failure:
        show_diagnostics(failure.diagnostics, driver.root_of(file))
        return 1
    return 0


# --- wye targets --------------------------------------------------------------------------------------------------------------------


def targets_command(format: str, names: Sequence[str] = ()) -> int:
    """The capability tables that the compiler itself uses; of the targets in `names` with how each thing is done."""
    from wye.backend import registry

    rows = {name: _rows(name) for name in dict.fromkeys(names or registry.names())}
    match format:
        case "json":
            say_json({name: _target_json(name, found) for name, found in rows.items()})
        case "markdown":
            sys.stdout.write("\n".join(means_markdown(*one) for one in rows.items()) if names else matrix_markdown(rows))
        case _ if names:
            _show_means(rows)
        case _:
            cells = [[f.title, *(_word(found[f.name]) for found in rows.values())] for f in FEATURES]
            table(["feature", *rows], cells, indent=0)
            say()
            say("* depends on the value; `wye check FILE` says what holds for a pipeline, `wye targets TARGET` how each thing is done")
    return 0


def _show_means(rows: dict[str, dict[str, Row]]) -> None:
    from wye.backend import registry

    for n, (name, found) in enumerate(rows.items()):
        known = registry.load(name).capabilities
        if n:
            say()
        heading(name)
        table(["feature", "", "how~"], [[f.title, _word(found[f.name]), found[f.name].how] for f in FEATURES])
        say()
        said = {"image": known.image, "Python": known.python, **{k.replace("_", " "): f"{v:,}" for k, v in known.limits.items()}}
        table(["by default, and at most", "~"], [[k, v] for k, v in said.items() if v])


def machines_command(format: str) -> int:
    """The tables of machines that the targets choose from, each with its day and its source."""
    from wye.backend import registry

    found = {name: registry.load(name).capabilities.machines for name in registry.names()}
    if format == "json":
        say_json({name: [asdict(t) for t in tables] for name, tables in found.items() if tables})
        return 0
    heads = ("target", "cloud", "machine", "cores", "GiB", "gpus", "gpu type")
    cells = [
        [name, t.cloud, m.name, f"{m.cpu:g}", f"{m.memory:g}", str(m.gpu or ""), m.gpu_type or ""]
        for name, tables in found.items()
        for t in tables
        for m in sorted(t.machines, key=lambda m: (m.gpu, m.memory, m.cpu, m.name))
    ]
    if format == "markdown":
        rows = ["| " + " | ".join(line) + " |" for line in (heads, ["---"] * len(heads), *cells)]
        sys.stdout.write("\n".join(rows) + "\n")
    else:
        table(heads, cells, indent=0)
    for name, tables in found.items():
        for t in tables:
            say(f"{name}, {t.cloud}: as of {t.date}, from {t.source}")
    return 0


def _rows(target: str) -> dict[str, Row]:
    from wye.backend import registry

    loaded = registry.load(target)
    missing = Row("rejected", "this target has no rule for it")
    return {f.name: loaded.capabilities.rows.get(f.name, missing) for f in FEATURES}


def _word(row: Row) -> str:
    return LEVELS[row.level] + (" *" if row.when or row.varies else "")


def _target_json(name: str, rows: dict[str, Row]) -> dict[str, Any]:
    from wye.backend import registry

    table = registry.load(name).capabilities
    features = {
        feature: {
            "level": row.level,
            "how": row.how,
            "link": row.link,
            "help": row.help,
            "depends_on_value": row.when is not None or row.varies,
        }
        for feature, row in rows.items()
    }
    return {"image": table.image, "python": table.python, "limits": dict(table.limits), "features": features}


def matrix_markdown(rows: dict[str, dict[str, Row]]) -> str:
    """The capability table of the README: one line per feature."""
    lines = ["| feature | " + " | ".join(rows) + " |", "|---" * (len(rows) + 1) + "|"]
    group = ""
    for feature in FEATURES:
        if feature.group != group:
            group = feature.group
            lines.append(f"| **{group}** |" + " |" * len(rows))
        lines.append(f"| {feature.title} | " + " | ".join(_marked(found[feature.name]) for found in rows.values()) + " |")
    return "\n".join(lines) + "\n"


def means_markdown(target: str, rows: dict[str, Row]) -> str:
    """A target's table: one line per feature, with the platform's page and how it is done."""
    lines = [f"## {target}", "", "| feature | | how |", "|---|---|---|"]
    lines += [f"| {f.title} | {_cell(rows[f.name])} | {rows[f.name].how.replace('|', chr(92) + '|')} |" for f in FEATURES]
    return "\n".join(lines) + "\n"


def _cell(row: Row) -> str:
    return f"[{_marked(row)}]({row.link})" if row.link else _marked(row)


def _marked(row: Row) -> str:
    return _word(row).replace("*", "\\*")


# --- wye explain --------------------------------------------------------------------------------------------------------------------


def explain_command(code: str | None) -> int:
    """The page of a code; without one, the list of all."""
    from wye.diagnostics import explain
    from wye.diagnostics.suggest import nearest

    if code is None:
        table(["code", "meaning"], [[c, explain.title(c)] for c in explain.codes()], indent=0)
        return 0
    wanted = explain.normal(code)
    if wanted not in explain.codes():
        match = nearest(wanted, explain.codes())
        raise Usage(f"there is no diagnostic {code}", f"did you mean {match}?" if match else "`wye explain` lists them all")
    text = explain.page(wanted)
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.markdown import Markdown

        Console().print(Markdown(text, code_theme="ansi_dark"))
    else:
        sys.stdout.write(text)
    return 0
