"""One random program in, whether every way to run it comes to what the plain call comes to out; and programs as cases for the engines.

`python tests/differential/programs.py 30 DIR` writes 30 of them as cases; `WYE_CASES=DIR make engines` runs these on every engine too.
`--no NAME …` leaves out programs with `while`, `try`, `nested` (maps in maps), `fail` (calls that raise) …: see `FEATURES`.
"""

from __future__ import annotations

import argparse
import ast
import random
import re
import shutil
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import library
from control import Program, program
from harness import Outcome, TooBig, compiled, difference, forced, plain, planned
from words import PARAMETERS

from wye.diagnostics import CompileFailed

UNBOUND = frozenset({"WYE1004", "WYE1005"})
"""What refuses the read of a name that some path does not bind."""

NARROW = frozenset({"WYE1013", "WYE1014", "WYE1022", "WYE1027", "WYE1028", "WYE3001", "WYE3003"})
"""What refuses an operation that can never succeed, or one that wants a type which is not certain. The generator tries to write neither."""

OWNERSHIP = frozenset({"WYE1017"})
"""What refuses a change of a list or dict that may have a second reference."""


@dataclass
class Report:
    """What became of one program. `problem` is empty when all is well."""

    problem: str = ""
    refused: frozenset[str] = frozenset()
    runs: int = 0
    failed: int = 0
    skipped: bool = False
    """Whether the program was too long to run."""
    wanted: list[Outcome] = field(default_factory=list)


def examine(program: Program, name: str, folder: Path, *, tolerated: frozenset[str] = NARROW, islands: bool = True) -> Report:
    """Compile it, run it each way with each of its arguments, compare. What it leaves in `folder` is removed."""
    report = Report()
    try:
        report.wanted = [plain(program.source, name, a) for a in program.arguments]
        report.failed = sum(w.text is None for w in report.wanted)
        _examine(program, name, folder, tolerated, islands, report)
    except TooBig:
        report.skipped = True
    finally:
        shutil.rmtree(folder / name, ignore_errors=True)
    return report


def _examine(program: Program, name: str, folder: Path, tolerated: frozenset[str], islands: bool, report: Report) -> None:
    try:
        made = compiled(program.source, name, folder / name)
        ways = [("plan", made), *([("islands", forced(made))] if islands else [])]
        for number, (arguments, wanted) in enumerate(zip(program.arguments, report.wanted)):
            for way, pipeline in ways[: 2 - number]:
                report.runs += 1
                got = planned(pipeline, program.source, name, arguments, folder / name / f"{way}{number}", number)
                if problem := difference(program.source, wanted, got):
                    report.problem = f"{way}: {problem}\n  with  {arguments}\n  plain {wanted}\n  {way:5} {got}"
                    return
    except CompileFailed as refused:
        report.refused = frozenset(d.code for d in refused.diagnostics)
        if not report.refused <= tolerated:
            report.problem = "refused:\n" + "\n".join(f"  {d.code} {d.message} ({d.span})" for d in refused.diagnostics)
    except Exception as crash:
        report.problem = f"crash: {type(crash).__name__} {str(crash)[:80]}\n{traceback.format_exc()}"


def kind_of(problem: str) -> str:
    """What kind of problem it is: what a smaller program must show too."""
    first, _, rest = problem.partition("\n")
    if first == "refused:":
        return "refused " + ",".join(sorted({line.split()[0] for line in rest.split("\n")}))
    way, _, what = first.partition(": ")
    return way + ": " + re.sub(r"\w*\d\w*|'.*?'", "*", what.partition(": ")[0])


# --- cases for the engines --------------------------------------------------------------------------------------------------------------


def _loops(tree: ast.AST) -> int:
    """How deep loops stand in loops."""
    loops = ast.For | ast.While | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
    return max((_loops(n) + isinstance(n, loops) for n in ast.iter_child_nodes(tree)), default=0)


def _has(*kinds: type) -> Callable[[ast.AST], bool]:
    return lambda tree: any(isinstance(n, kinds) for n in ast.walk(tree))


FEATURES: dict[str, Callable[[ast.AST], bool]] = {
    "if": _has(ast.If, ast.IfExp), "for": _has(ast.For, ast.comprehension), "while": _has(ast.While), "try": _has(ast.Try),
    "nested": lambda tree: _loops(tree) > 1, "jump": _has(ast.Break, ast.Continue), "raise": _has(ast.Raise, ast.Assert),
}  # fmt: skip
"""What a program may be chosen by."""


def write_cases(count: int, folder: Path, without: frozenset[str], start: int = 0, size: int = 12) -> None:
    """Random programs as cases: the pipeline is named like its folder, its parameters' defaults are the arguments, and it is known
    whether the call raises. Only programs that compile are written."""
    number, written = start, 0
    while written < count:
        name, made = f"random_{number}", program(random.Random(number).randrange, size=size)
        number += 1
        tree = ast.parse(made.source)
        functions = [n for n in tree.body if isinstance(n, ast.FunctionDef) and any(ast.unparse(d) == "pipeline" for d in n.decorator_list)]
        if any(FEATURES[f](n) for f in without & FEATURES.keys() for n in functions):
            continue
        arguments = made.arguments[0]
        try:
            text = plain(made.source, "case", arguments).text
            compiled(made.source, "case", folder / name)
        except (TooBig, CompileFailed):
            shutil.rmtree(folder / name, ignore_errors=True)
            continue
        (folder / name / "case.py").unlink()
        failed = text is None
        if (failed and "fail" in without) or (text or "").startswith("object "):  # that no engine can hand back as text
            shutil.rmtree(folder / name)
            continue
        (folder / name / "pipeline.py").write_text(_renamed(made.source, name, arguments))
        (folder / name / "case.toml").write_text(f"fails = {str(failed).lower()}\n")
        written += 1


def _renamed(source: str, name: str, arguments: dict[str, Any]) -> str:
    signature = library.SIGNATURE
    for parameter in PARAMETERS:
        before, _, rest = signature.partition(f"{parameter}: ")
        declared, _, rest = rest.partition(" = ")
        ends = [i for i in (rest.find(f", {p}: ") for p in PARAMETERS) if i >= 0]
        signature = f"{before}{parameter}: {declared} = {arguments[parameter]!r}{rest[min(ends, default=-2) :]}"
    return source.replace(library.SIGNATURE, signature.replace("def p(", f"def {name}("))


def main() -> None:
    parser = argparse.ArgumentParser(description="Writes random pipelines as cases.")
    parser.add_argument("count", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--no", nargs="*", default=[], choices=[*FEATURES, "fail"], help="leave out programs with these")
    parser.add_argument("--start", type=int, default=0, help="the first seed")
    parser.add_argument("--size", type=int, default=12, help="about how many statements at most")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    write_cases(given.count, given.folder, frozenset(given.no), given.start, given.size)


if __name__ == "__main__":
    sys.exit(main())
