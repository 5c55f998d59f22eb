"""A region as one task: the task of an island and the values of its inputs in; the results of the region as files, or its first error, out.

Here runs the plan interpreter alone: each task inside is a process of its own, with its own retries, time-out, env and secrets.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
from typing import Any, Callable, Dict, List, Optional, Tuple

from .files import element_type, part
from .launch import EchoLauncher, say
from .outcome import Event, PlanResult
from .plan import Interpreter, run_plan
from .runner import Failed, Group, install, met, publish, remove
from .scope import elements, every, text_of
from .types import Type, from_json
from .values import CannotTravel, encode, normalise, parse_argument

Json = Dict[str, Any]


def supervise(task: Json, values: Json, programs: str, folder: str, out: str) -> None:
    """Run an island as the runner does: `programs` is the folder of the programs, `folder` scratch space. Raises `Failed`."""
    plan, entries = prepared(task, values)
    nodes = list(every(plan["nodes"]))
    wanted = list(dict.fromkeys(p for n in (task, *nodes) for p in n.pop("packages", ())))
    packages = None
    if not all(met(p) for p in wanted):  # once, not in every iteration again
        packages = os.path.join(folder, "packages")
        for place in (packages, os.path.join(folder, "cwd")):
            os.mkdir(place)
        how: Json = next((n["install"] for n in nodes if "install" in n), {})
        stocked = [p for p in sorted(os.listdir(programs)) if os.path.isdir(os.path.join(programs, p, ".wheels"))] if programs else []
        install(wanted, packages, Group(), folder, how, os.path.join(programs, stocked[0]) if stocked else None)
    # What a task asks for, it was given with the island: two such at a time would not fit.
    workers = 1 if any(n.get("settings", {}).get("resources") for n in nodes) else os.cpu_count() or 1
    launcher, context = EchoLauncher(programs, workers, packages), task.get("context")
    result = run_plan(plan, entries, folder, launcher, workers, _tell, tidy=True, context=context)
    if result.status == "cancelled":  # the message: "stopped by SIGTERM"
        raise Failed(128 + signal.Signals[str(result.message).split()[-1]], str(result.message))
    error = hand_over(task, result, out)
    if error:
        raise Failed(error["exit"], error["message"], error)
    done = os.path.join(folder, "done.json")
    with open(done, "w") as file:
        json.dump({"outputs": [o["name"] for o in task["outputs"]]}, file)
    publish(done, os.path.join(out, "done.json"))


async def run_island(
    task: Json,
    values: Json,
    folder: str,
    out: str,
    launcher: Any,
    workers: int = 1,
    on_event: Callable[[Event], None] = lambda event: None,
) -> Optional[Json]:
    """Run an island with any launcher, its outputs to `out`. The error record when it failed."""
    plan, entries = prepared(task, values)
    return hand_over(task, await Interpreter(plan, entries, os.path.abspath(folder), launcher, workers, on_event).run(), out)


def prepared(task: Json, values: Json) -> Tuple[Json, Json]:
    """The island's plan, and its inputs as the plan interpreter takes them. Raises `Failed`."""
    entries = {}
    for name, declared in task["inputs"].items():
        try:
            entries[name] = settled(values[name], from_json(declared["type"]), declared["format"])
        except (TypeError, ValueError, CannotTravel) as error:
            raise Failed(1, f"parameter {declared.get('param', name)}: {error}") from None
    return json.loads(json.dumps(task["plan"])), entries


def settled(given: Json, t: Type, format: str) -> Json:
    """An entry that says all by itself, whatever folder it is read in: no text that a person typed, no value of the platform's."""
    if "list" in given:
        return {"list": [settled(e, element_type(t), format.rstrip("*")) for e in given["list"]]}
    if "item" in given:
        if "list" in given["item"]:
            return settled(given["item"]["list"][int(given["index"])], t, format)
        whole = "json" if format == "json" and not os.path.isdir(given["item"].get("file", "")) else format + "*"
        return elements(settled(given["item"], ("list", t), whole))[int(given["index"])]
    if "file" in given:
        return {"file": os.path.abspath(given["file"]), "format": given.get("format", format)}
    if "text" in given:
        return given
    value = parse_argument(given["raw"], t) if "raw" in given else normalise(given["value"], t)
    return {"text": encode(value, t)}


def hand_over(task: Json, result: PlanResult, out: str) -> Optional[Json]:
    """Write the region's results as the task's outputs. The error record when there are none."""
    if result.results is None:
        return result.error or {"type": [], "message": str(result.message), "traceback": "", "exit": 1}
    for port, entry in zip(task["outputs"], result.results):
        path = os.path.join(out, port["name"] + ".json" * (port["format"] == "json"))
        remove(path)
        write_entry(entry, port["format"], path)
    return None


def write_entry(entry: Json, format: str, path: str) -> None:
    """A value as the file or folder that its format wants: copied, as one value may be more than one result, or an input."""
    if format[-1:] == "*":
        os.mkdir(path)
        for i, element in enumerate(elements(entry)):
            write_entry(element, format[:-1], part(path, format, i))
    elif "file" not in entry:
        with open(path, "w", encoding="ascii") as file:
            file.write(text_of(entry))
    elif os.path.isdir(entry["file"]):
        shutil.copytree(entry["file"], path, copy_function=shutil.copyfile)
    else:
        shutil.copyfile(entry["file"], path)


def _tell(event: Event) -> None:
    """What happens inside, for the island's log."""
    words: List[str] = [event.task, event.kind] + ["attempt", str(event.attempt)] * (event.attempt > 1)
    if event.kind in ("failed", "retrying") and event.error:
        words.append(": ".join([*event.error["type"][:1], event.error["message"]]).split("\n")[0])
    if event.kind == "retrying":
        words.append(f"(again in {event.delay:g} s)")
    say(" ".join(words))
