"""Arguments in, the command's exit code out: the commands and their options as one table, read by argparse.

argparse, for it costs a tenth of what the command-line libraries do, and most compiles are run by a machine that waits.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from wye.cli.failure import Usage
from wye.diagnostics.suggest import did_you_mean, nearest


@dataclass(frozen=True, slots=True)
class Option:
    """One argument as `ArgumentParser.add_argument` takes it."""

    names: tuple[str, ...]
    settings: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Command:
    """One command: a line for the overview, a sentence or two, an example, what it takes, what it does."""

    summary: str
    text: str
    example: str
    options: tuple[Option, ...]
    run: Callable[[argparse.Namespace], int]


def option(*names: str, **settings: Any) -> Option:
    return Option(names, settings)


def _format(*choices: str) -> Option:
    return option("--format", choices=choices, default="text", help=f"{', '.join(choices[:-1])} or {choices[-1]} (text unless given)")


SOURCE = option("source", metavar="FILE[:PIPELINE]", help="the Python file, and the pipeline when it holds several")
SOURCES = option("sources", metavar="FILE[:PIPELINE]", nargs="+", help="Python files, each with the pipeline's name when it holds several")
TARGETS = option(
    "-t", "--target", metavar="TARGET", action="append", default=[], dest="targets", help="a target; may be given several times"
)
STACK = option("--stack", metavar="STACK", help="the stack of wye.toml that holds (else $WYE_STACK, else what `wye stack use` chose)")
RUN = option("run", metavar="RUN", help="a run's id, the beginning of one, or `latest`")
STRICT = option("--strict", action="store_true", help="refuse what a target only emulates or does not need")
NO_SCHEDULE = option("--no-schedule", action="store_true", help="leave the pipeline's schedule out")


def _compile(given: argparse.Namespace) -> int:
    from wye.cli.compile import Wanted, compile_command

    wanted = Wanted(given.sources[0], tuple(given.targets), given.all, given.stack, given.strict, given.no_schedule)
    if len(given.sources) > 1:
        from wye.cli.several import several_command

        return several_command(wanted, given.sources, given.out, given.keep_going, given.format)
    return compile_command(wanted, given.out, given.keep_going, given.format)


def _build(given: argparse.Namespace) -> int:
    from wye.cli.build import Asked, build_command, usual_targets
    from wye.cli.compile import Wanted

    wanted = Wanted(given.sources[0], tuple(given.targets), False, given.stack, False, True, otherwise=usual_targets())
    asked = Asked(given.out, not given.no_build, given.push, given.dry_run, given.network, given.platform, given.format)
    return build_command(wanted, given.sources, asked)


def _check(given: argparse.Namespace) -> int:
    from wye.backend import registry
    from wye.cli.compile import Wanted, check_command

    chosen = (tuple(given.targets), False, given.stack, given.strict, given.no_schedule)
    wanted = Wanted(given.sources[0], *chosen, otherwise=registry.names())
    if len(given.sources) > 1:
        from wye.cli.several import several_command

        return several_command(wanted, given.sources, None, False, given.format)
    return check_command(wanted, given.format)


def _run(given: argparse.Namespace) -> int:
    if given.on and given.on != "local":
        from wye.cli.remote import run_on

        return run_on(given)
    if given.keep:
        raise Usage("--keep goes with --on", "wye run FILE --on docker")
    from wye.cli.execute import Asked, resume_command, run_command

    asked = Asked(given.workers, given.format, given.stack, not given.no_cache)
    if given.resume is None:
        if given.source is None:
            raise Usage("which pipeline?", "wye run FILE[:PIPELINE], or --resume RUN to go on with a run")
        return run_command(given.source, given.parameters, given.params, given.scheduled_time, asked)
    fixed = {"-p": given.parameters, "--params": given.params, "--scheduled-time": given.scheduled_time}
    for name, value in fixed.items():
        if value:
            raise Usage(f"a run that goes on keeps its parameters: leave out `{name}`", "wye run FILE … begins a new run")
    return resume_command(given.resume, given.source, asked)


def _runs_list(given: argparse.Namespace) -> int:
    from wye.cli.runs import list_command

    return list_command(given.format)


def _runs_show(given: argparse.Namespace) -> int:
    from wye.cli.runs import show_command

    return show_command(given.run, given.format)


def _runs_logs(given: argparse.Namespace) -> int:
    from wye.cli.runs import logs_command

    return logs_command(given.run, given.task)


def _runs_clean(given: argparse.Namespace) -> int:
    from wye.cli.runs import clean_command

    return clean_command(given.runs, given.keep, given.older_than, given.cache, given.format)


def _dump(given: argparse.Namespace) -> int:
    from wye.cli.inspect import dump_command

    return dump_command(given.source, given.json)


def _graph(given: argparse.Namespace) -> int:
    from wye.cli.graph import graph_command

    return graph_command(given.source, given.format, given.out)


def _targets(given: argparse.Namespace) -> int:
    from wye.cli.inspect import machines_command, targets_command

    return machines_command(given.format) if given.machines else targets_command(given.format, given.names)


def _explain(given: argparse.Namespace) -> int:
    from wye.cli.inspect import explain_command

    return explain_command(given.code)


def _golden(given: argparse.Namespace) -> int:
    from wye.cli.golden import golden_command

    return golden_command(given.action, given.sources, given.dir, given.targets, given.stack, given.format)


def _completion(given: argparse.Namespace) -> int:
    from wye.cli.completion import shell_code

    print(shell_code(given.shell), end="")
    return 0


def _init(given: argparse.Namespace) -> int:
    from wye.cli.init import init_command

    return init_command(given.folder, given.targets)


def _stack_list(given: argparse.Namespace) -> int:
    from wye.cli.stack import list_command

    return list_command(given.format)


def _stack_show(given: argparse.Namespace) -> int:
    from wye.cli.stack import show_command

    return show_command(given.name, given.source, given.explain, given.format)


def _stack_use(given: argparse.Namespace) -> int:
    from wye.cli.stack import use_command

    return use_command(given.name, given.none)


def _stack_check(given: argparse.Namespace) -> int:
    from wye.cli.stack import check_command

    return check_command(given.name, given.format)


def _stack_schema(given: argparse.Namespace) -> int:
    from wye.cli.stack import schema_command

    return schema_command()


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"not a number: {text}")
    return int(text)


def _duration(text: str) -> float:
    from wye.sdk.settings import SettingError, seconds

    try:
        return seconds(text)
    except SettingError:
        raise argparse.ArgumentTypeError(f"not a duration: {text}; write 7d, 12h or 1h30m") from None


def _workers(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1024:
        raise argparse.ArgumentTypeError(f"not a number of workers: {text}")
    return int(text)


COMMANDS = {
    "compile": Command(
        "write the artifacts of one or more targets",
        "Compile a pipeline: write DIR/<pipeline>/<target>/ with the artifact, and a\n"
        "report of what is native there and what is not. Nothing is written when a\n"
        "target cannot do what the pipeline asks.",
        "wye compile churn.py -t airflow -t kubeflow",
        (
            SOURCES, TARGETS,
            option("--all", action="store_true", help="every installed target"),
            STACK,
            option("-o", "--out", metavar="DIR", type=Path, default=Path("build"), help="where to write (build unless given)"),
            STRICT,
            option("--keep-going", action="store_true", help="write the targets that pass even when another is rejected"),
            NO_SCHEDULE, _format("text", "json", "sarif", "github"),
        ),
        _compile,
    ),
    "build": Command(
        "build the images that programs and packages come in",
        'Build the images that artifacts name where [code] says packaging = "image":\n'
        "write DIR/<pipeline>/images/<image>/ with a Dockerfile, and let docker build it.\n"
        "A tag is the hash of all that goes in: what is unchanged is not built again.",
        "wye build churn.py --stack prod --push",
        (
            SOURCES, TARGETS, STACK,
            option("-o", "--out", metavar="DIR", type=Path, default=Path("build"), help="where to write (build unless given)"),
            option("--push", action="store_true", help="push the images to the stack's registry"),
            option("--no-build", action="store_true", help="only write the folders, for a builder of your own"),
            option("--dry-run", action="store_true", help="write nothing, and show what would be built"),
            option("--network", metavar="MODE", help="the network that packages are installed over, as for docker build: host"),
            option("--platform", metavar="PLATFORM", help="what the images are for, when not this machine: linux/amd64"),
            _format("text", "json"),
        ),
        _build,
    ),
    "run": Command(
        "run a pipeline, on this machine or on a target's engine",
        "Run a pipeline on this machine, each task in a process of its own; with --on,\n"
        "the artifact of a target on its own engine. With --resume: go on with a run\n"
        "that failed, was stopped or was killed.",
        "wye run churn.py -p lr=0.05 -p 'regions=[\"eu\"]' --workers 4",
        (
            option("source", metavar="FILE[:PIPELINE]", nargs="?", help="the Python file, and the pipeline when it holds several"),
            option("-p", "--param", metavar="NAME=TEXT", action="append", default=[], dest="parameters",
                   help="a parameter: JSON, or plain text for a `str`; may be given several times"),
            option("--params", metavar="FILE.json", type=Path, help="parameters as one JSON object"),
            STACK,
            option("--workers", metavar="N", type=_workers, help="tasks at a time (as many as there are cores unless given)"),
            option("--on", metavar="TARGET", help="run the artifact of this target, on its own engine (docker, kubernetes)"),
            option("--keep", action="store_true", help="with --on: leave everything on the engine as it is when the run has ended"),
            option("--scheduled-time", metavar="TIME", help="the time for which the run is meant (its start unless given)"),
            option("--resume", metavar="RUN",
                   help="go on with a run that has ended: what is done is not run again; its own plan, programs and parameters count"),
            option("--no-cache", action="store_true", help="run every task, also those whose result is kept"),
            _format("text", "json"),
        ),
        _run,
    ),
    "runs list": Command(
        "list the runs of this folder",
        "List the runs in .wye/runs, the newest first.",
        "wye runs list --format json",
        (_format("text", "json"),),
        _runs_list,
    ),
    "runs show": Command(
        "show what became of a run",
        "Show a run: its parameters, what became of each task, what it returned.",
        "wye runs show latest",
        (RUN, _format("text", "json")),
        _runs_show,
    ),
    "runs logs": Command(
        "print what the tasks of a run wrote",
        "Print what the tasks of a run wrote: of one task, or of all.",
        "wye runs logs latest train",
        (RUN, option("task", metavar="TASK", nargs="?", help="a task's id, as `train` or `loop[2].train`; all unless given")),
        _runs_logs,
    ),
    "runs clean": Command(
        "delete runs",
        "Delete the runs named, or those that are old. A run in progress is never\n"
        "deleted. What one run was given from the cache, another keeps.",
        "wye runs clean --keep 10 --older-than 7d",
        (
            option("runs", metavar="RUN", nargs="*", help="runs to delete"),
            option("--keep", metavar="N", type=_count, help="delete all but the newest N"),
            option("--older-than", metavar="TIME", type=_duration, help="delete those that began longer ago: 7d, 12h"),
            option("--cache", action="store_true", help="delete kept results and environments as well: all, or those made longer ago"),
            _format("text", "json"),
        ),
        _runs_clean,
    ),
    "check": Command(
        "say what compiles where, and why not",
        "Say what compiles where, and why not. Writes nothing. Without a target: for\nall that are installed.",
        "wye check churn.py -t airflow --format github",
        (SOURCES, TARGETS, STACK, STRICT, NO_SCHEDULE, _format("text", "json", "sarif", "github")),
        _check,
    ),
    "graph": Command(
        "draw the pipeline",
        "Draw the pipeline with its branches and loops, each step with its line in the\n"
        "source: as text, as Mermaid for Markdown, or as SVG (which needs wye[graph]).",
        "wye graph churn.py -o churn.svg",
        (
            SOURCE,
            option("--format", choices=("text", "mermaid", "svg"), default=None,
                   help="text, mermaid or svg (what the name of the file says, else text)"),
            option("-o", "--out", metavar="OUT", type=Path, default=None, help="the file to write (standard output unless given)"),
        ),
        _graph,
    ),
    "dump": Command(
        "show the pipeline as the compiler sees it",
        "Show the pipeline's intermediate form.",
        "wye dump churn.py",
        (SOURCE, option("--json", action="store_true", help="the plan that the targets read, as JSON")),
        _dump,
    ),
    "targets": Command(
        "show what each target can do",
        "Show the installed targets and what each of them can do: the tables that the\n"
        "compiler itself uses. Of targets that are named also by what means.",
        "wye targets sagemaker",
        (
            option("names", metavar="TARGET", nargs="*", help="show these, with how they do what"),
            option("--machines", action="store_true", help="the machines that a step's resources become on each cloud, as of which day"),
            _format("text", "json", "markdown"),
        ),
        _targets,
    ),
    "golden": Command(
        "pin what is compiled, and fail when it changes",
        "Pin compiled artifacts in a folder of the repository, and fail, with a diff,\n"
        "when a compile makes something else: after an upgrade, or a change that was not\n"
        "meant to do that. `bless` writes; without a file: all that is pinned. Without a\n"
        "target: those that are pinned of the file.",
        "wye golden bless pipelines/churn.py -t airflow && wye golden check",
        (
            option("action", choices=("check", "bless"), help="compare, or write"),
            option("sources", metavar="FILE[:PIPELINE]", nargs="*", default=[], help="pipelines (all that are pinned unless given)"),
            option("--dir", metavar="DIR", type=Path, default=Path("golden"), help="where the pins are (golden unless given)"),
            TARGETS, STACK, _format("text", "json", "github"),
        ),
        _golden,
    ),
    "init": Command(
        "write a small pipeline to start from",
        "Write a small pipeline with control flow, a stack for each target, a README and\n"
        "a test. It compiles and runs at once. Nothing is overwritten.",
        "wye init weather --target airflow",
        (option("folder", metavar="DIR", nargs="?", type=Path, default=Path(), help="where (here unless given)"), TARGETS),
        _init,
    ),
    "stack list": Command(
        "list the stacks",
        "List the stacks of the nearest wye.toml (or [tool.wye] in pyproject.toml), which\none is chosen, and by whom.",
        "wye stack list",
        (_format("text", "json"),),
        _stack_list,
    ),
    "stack show": Command(
        "show what holds in a stack",
        "Show what holds in a stack and, with --explain, whose each value is.",
        "wye stack show prod --explain",
        (
            option("name", metavar="STACK", nargs="?", help="the stack (the chosen one unless given)"),
            option("--source", metavar="FILE[:PIPELINE]", help="with what this pipeline's own `targets` make of it"),
            option("--explain", action="store_true", help="whose each value is, and what goes before what"),
            _format("text", "json"),
        ),
        _stack_show,
    ),
    "stack use": Command(
        "choose a stack for this checkout",
        "Choose a stack for this checkout, in .wye/stack.",
        "wye stack use prod",
        (
            option("name", metavar="STACK", nargs="?", help="the stack"),
            option("--none", action="store_true", help="choose no stack"),
        ),
        _stack_use,
    ),
    "stack check": Command(
        "check the stacks",
        "Check one stack or all: every mistake, and what they name that is not there.",
        "wye stack check",
        (option("name", metavar="STACK", nargs="?", help="the stack (all unless given)"), _format("text", "json")),
        _stack_check,
    ),
    "stack schema": Command(
        "print the JSON Schema of wye.toml",
        "Print the JSON Schema of wye.toml, with the options of the targets that are\ninstalled here, for editors.",
        "wye stack schema > wye.schema.json",
        (),
        _stack_schema,
    ),
    "explain": Command(
        "explain a diagnostic",
        "Explain a diagnostic: what it means, what causes it, what is right. Without a\ncode: list them all.",
        "wye explain WYE1012",
        (option("code", metavar="CODE", nargs="?", help="a diagnostic's code"),),
        _explain,
    ),
    "completion": Command(
        "let your shell complete commands, files and names",
        "Print what a shell has to source to complete commands, options, pipelines after\n`FILE:`, targets, stacks and diagnostics.",
        "wye completion bash >> ~/.bashrc",
        (option("shell", choices=("bash", "zsh", "fish"), help="bash and zsh evaluate it; fish: wye completion fish | source"),),
        _completion,
    ),
}  # fmt: skip


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Usage(message.removeprefix("argument "), f"{self.prog} --help")


def run_command_line(arguments: Sequence[str]) -> int:
    """Run the command that the arguments ask for."""
    name = arguments[0] if arguments else "--help"
    if name in ("-h", "--help"):
        print(_overview())
        return 0 if arguments else 2
    if name == "--version":
        from importlib.metadata import version

        print(f"wye {version('wye')}")
        return 0
    group = [known for known in COMMANDS if known.startswith(f"{name} ")]
    if group:
        return _of_group(name, group, arguments[1:])
    command = COMMANDS.get(name)
    if command is None:
        kind = "option" if name.startswith("-") else "command"
        raise Usage(f"there is no {kind} `{name}`", did_you_mean(name, COMMANDS, "commands") if kind == "command" else "wye --help")
    return _with(name, command, arguments[1:])


def _of_group(name: str, group: Sequence[str], arguments: Sequence[str]) -> int:
    """`wye runs list`: a command of two words."""
    second = arguments[0] if arguments else ""
    if second in ("-h", "--help"):
        print(_overview(group))
        return 0
    if f"{name} {second}" not in COMMANDS:
        seconds = [known.partition(" ")[2] for known in group]
        missing = f"`wye {name}` does what?" if not second else f"there is no command `wye {name} {second}`"
        raise Usage(missing, did_you_mean(second, seconds, "commands"))
    return _with(f"{name} {second}", COMMANDS[f"{name} {second}"], arguments[1:])


def _with(name: str, command: Command, arguments: Sequence[str]) -> int:
    parser = _parser(name, command)
    given, unknown = parser.parse_known_intermixed_args(arguments)  # options may stand between files
    if unknown:
        known = [n for o in command.options for n in o.names if n.startswith("--")]
        match = nearest(unknown[0], known) if unknown[0].startswith("-") else None
        raise Usage(f"`wye {name}` does not take `{unknown[0]}`", f"did you mean `{match}`?" if match else f"wye {name} --help")
    return command.run(given)


def _parser(name: str, command: Command) -> argparse.ArgumentParser:
    parser = _Parser(
        prog=f"wye {name}", description=command.text, epilog=f"example:\n  {command.example}",
        formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
    )  # fmt: skip
    for o in command.options:
        parser.add_argument(*o.names, **o.settings)
    return parser


def _overview(names: Sequence[str] = tuple(COMMANDS)) -> str:
    width = max(map(len, names))
    lines = [f"  {name:<{width}}  {COMMANDS[name].summary}" for name in names]
    return "\n".join(
        [
            "usage: wye COMMAND …",
            "",
            "One plain Python pipeline, compiled to the native artifact of every orchestrator.",
            "",
            *lines,
            "",
            "wye COMMAND --help shows a command's options; wye --version the version.",
        ]
    )
