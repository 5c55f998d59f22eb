"""A task's artifacts and an object store: what the runner takes and leaves in, the same with what is in the store fetched or put, out.

Values, and what the pipeline returns, stay on the volume: the driver reads them. Of an artifact in the store the volume keeps the key
(`NOTE`) and, of a list of artifacts, an empty file for each, which the driver counts. Standard library only, Python 3.9 to 3.14.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import uuid
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]

NOTE = ".store.json"
PART = ".put"
"""Below an attempt's folder, what is being put."""
DRIVER = "driver"
"""Below the work folder, the store's driver where the image has none."""


def run(main: Callable[[list[str]], int], arguments: list[str], task: Json, values: str, out: str, work: str, spec: Json) -> int:
    """What the runner's `main` does, with the store around it. The exit code. Raises `runner.Failed`."""
    from wye_runtime.store import job_of, key_of, localized  # type: ignore[import-not-found]  # it is in the container

    with open(values, encoding="utf-8") as file:
        entries = json.load(file)
    work = tempfile.mkdtemp(prefix="wye-", dir=work)
    gets: dict[tuple[str, str], str] = {}
    inputs = os.path.join(work, "inputs")
    local = {name: localized(stored(entry), inputs, gets) for name, entry in entries.items()}
    if gets:
        transfer({"get": job_of(gets)}, spec["store"], work)
        values = inputs + ".json"
        with open(values, "w", encoding="utf-8") as file:
            json.dump(local, file)
    code = main([*arguments, "--values", values])
    if not code and task["id"] != spec["returns"]:
        known = task["context"]
        key = key_of(known["pipeline"], known["run_id"], "tasks", task["id"], f"{known['attempt']}-{uuid.uuid4().hex[:12]}")
        put(task, out, spec["store"], work, key)
    return code


def stored(entry: Json) -> Json:
    """An entry, of which what is in the store is named by its key."""
    if "list" in entry:
        return {**entry, "list": [stored(e) for e in entry["list"]]}
    if "item" in entry:
        return {**entry, "item": stored(entry["item"])}
    found = re.match(r"(.+/out)/([^\d/][^/]*(?:/\d+)?)$", entry.get("file", ""))  # …/tasks/<task>/out/<output>[/<part>]
    if not found:
        return entry
    try:
        with open(os.path.join(found[1], NOTE), encoding="utf-8") as file:
            note = json.load(file)
    except FileNotFoundError:
        return entry
    rest = {k: v for k, v in entry.items() if k != "file"}
    return {**rest, "store": note["key"], "name": found[2]} if found[2].split("/")[0] in note["names"] else entry


def put(task: Json, out: str, store: Json, work: str, key: str) -> None:
    """Put the artifacts of an attempt that has ended well in the store. Until they are there it does not count. Raises `runner.Failed`."""
    artifacts = {o["name"]: o["format"] for o in task["outputs"] if not o["format"].startswith("json")}
    names = [n for n in artifacts if os.path.lexists(os.path.join(out, n))]
    if not names:
        return
    done, place = os.path.join(out, "done.json"), os.path.join(out, PART)
    os.replace(done, done + ".part")
    os.mkdir(place)
    for name in names:
        os.rename(os.path.join(out, name), os.path.join(place, name))
    transfer({"put": [[place, key]]}, store, work)
    for name in names:
        if artifacts[name].endswith("*"):
            os.mkdir(os.path.join(out, name))
            for part in os.listdir(os.path.join(place, name)):
                open(os.path.join(out, name, part), "w").close()
    shutil.rmtree(place)
    with open(os.path.join(out, NOTE), "w", encoding="utf-8") as file:
        json.dump({"key": key, "names": names}, file)
    os.replace(done + ".part", done)


def transfer(job: Json, store: Json, work: str) -> None:
    from wye_runtime.store import transfer as run

    run({**job, "store": store}, work, os.path.join(work, DRIVER))
    shutil.rmtree(os.path.join(work, "transfer"), ignore_errors=True)
