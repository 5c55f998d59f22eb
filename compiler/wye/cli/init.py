"""`wye init`: a folder and targets in; a small pipeline with its stacks, a README and a test, which compile and run at once, out."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from wye.backend import registry
from wye.cli.failure import Refused
from wye.cli.output import say

_STARTER = Path(__file__).with_name("starter")


def init_command(folder: Path, targets: Sequence[str]) -> int:
    """Write all files, or none: what is there already is never overwritten."""
    for name in targets:
        registry.load(name)
    names = tuple(dict.fromkeys(targets)) or registry.names()
    texts = _texts(names)
    there = [name for name in texts if os.path.lexists(folder / name)]
    if there:
        raise Refused(f"{folder / there[0]} exists already, and nothing was written", "choose another folder: wye init DIR")
    _write(folder, texts)
    for name in texts:
        say(f"  {(folder / name).as_posix()}")
    say()
    cd = "" if folder.resolve() == Path.cwd() else f"cd {shlex.quote(str(folder))} && "
    say(f"next: {cd}wye run pipeline.py && wye compile pipeline.py --stack {names[0]}")
    return 0


def _texts(targets: Sequence[str]) -> dict[str, str]:
    commands = [f"wye compile pipeline.py --stack {name}" for name in targets]
    compiled = "\n".join(f"    {command:<40} # build/readings/{name}/" for command, name in zip(commands, targets))
    stacks = "\n".join(f'\n[stacks.{name}]\ntarget = "{name}"' for name in targets)
    filled = {"<<compile>>": compiled, "<<stacks>>": stacks}
    texts = {}
    for file in sorted(_STARTER.glob("*.txt")):
        text = file.read_text("utf-8")
        for place, lines in filled.items():
            text = text.replace(place, lines)
        texts[file.name.removesuffix(".txt")] = text
    return texts


def _write(folder: Path, texts: Mapping[str, str]) -> None:
    """When one file cannot be written, those before it go again."""
    made: list[Path] = []
    folder.mkdir(parents=True, exist_ok=True)
    try:
        for name, text in texts.items():
            with (folder / name).open("x", encoding="utf-8") as file:  # never over one that somebody else was faster with
                made.append(folder / name)
                file.write(text)
    except BaseException:
        for place in made:
            place.unlink()
        raise
