"""What tasks hand on through a store of objects: a job in; objects, or files, out. `__main__.py store JOB.json` runs one.

    {"store": {"url", "driver", "packages", "settings", "put", "get", "install"}, "path": [FOLDER…], "error": FILE,
     "put": [[FOLDER, KEY]…], "get": [[KEY, NAME, PLACE]…], "notes": [[KEY, TEXT]…]}

What an attempt leaves are objects below a key that is its own. `done.json` there, written last, lists them: what it does not list is no
output, so nothing counts that an attempt has left which did not end, and two attempts never meet. Who reads an output is told its key.

Standard library alone, and by path too; fsspec and the driver of the address are imported by a job. Credentials are the driver's affair.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any, Callable, Dict, Iterable, List, Optional, Tuple

Json = Dict[str, Any]

MARK = "done.json"
NO_DRIVER = 4
"""The exit code where there is no driver."""
DELAYS = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds before a transfer is tried again; drivers have tries of their own."""
AT_A_TIME = 4
_LASTING = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError, ImportError, TypeError, NotImplementedError)
_NAMES = {"NoCredentialsError", "PartialCredentialsError", "ProfileNotFound", "DefaultCredentialsError", "ClientAuthenticationError"}
_SAFE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._=-]{0,99}")


class StoreError(Exception):
    """A transfer failed, in one line."""


class NoDriver(StoreError):
    """This interpreter has no driver for the address."""


# --- keys and entries: for who starts a task ---------------------------------------------------------------------------------------


def key_of(*parts: str) -> str:
    """A key of which each part is a name that every store takes."""
    return "/".join(p if _SAFE.fullmatch(p) else "_" + re.sub(r"[^A-Za-z0-9._=-]", "_", p)[:99] for p in parts)


def localized(entry: Json, folder: str, gets: Dict[Tuple[str, str], str]) -> Json:
    """An entry of the runner's values file for one of which parts are in the store, `{"store": KEY, "name": …}`. They will stand below
    the folder once all of `gets` has been fetched, which this adds to."""
    if "list" in entry:
        return {**entry, "list": [localized(e, folder, gets) for e in entry["list"]]}
    if "item" in entry:
        inner, index = entry["item"], entry["index"]
        format = inner.get("format", "")
        if "store" in inner and format[-1:] == "*":  # the others are not fetched
            name = "%s/%d%s" % (inner["name"], int(index), ".json" * (format == "json*"))
            return localized({"store": inner["store"], "name": name, "format": format[:-1]}, folder, gets)
        return {**entry, "item": localized(inner, folder, gets)}
    if "store" not in entry:
        return entry
    place = gets.setdefault((entry["store"], entry["name"]), os.path.join(folder, str(len(gets))))
    return {"file": place, **({"format": entry["format"]} if "format" in entry else {})}


def job_of(gets: Dict[Tuple[str, str], str]) -> List[List[str]]:
    return [[key, name, place] for (key, name), place in gets.items()]


def transfer(job: Json, scratch: str, driver: str) -> None:
    """Run a job in a process of its own, which ends when this one is told to. Where this interpreter has no driver it is installed into
    the folder `driver` first, and then it is there for the next. Raises `runner.Failed`."""
    from .runner import Failed, Group, install

    group, where = Group(), os.path.join(scratch, "transfer")
    os.makedirs(os.path.join(where, "cwd"), exist_ok=True)
    file, problem = os.path.join(where, "job.json"), os.path.join(where, "error.txt")
    main = os.path.join(os.path.dirname(os.path.abspath(__file__)), "__main__.py")

    def run() -> int:
        path = [driver] if os.path.exists(os.path.join(driver, ".ready")) else []
        with open(file, "w", encoding="utf-8") as out:
            json.dump({**job, "path": path, "error": problem}, out)
        return group.run([sys.executable, "-B", main, "store", file], dict(os.environ), os.path.join(where, "cwd"))

    code, spec = run(), job["store"]
    if code == NO_DRIVER and not group.stopped:
        made = f"{driver}.{os.getpid()}.{os.urandom(4).hex()}"
        install(spec["packages"], made, group, where, spec.get("install", {}), None)
        open(os.path.join(made, ".ready"), "w").close()
        try:
            os.rename(made, driver)
        except OSError:  # another was quicker
            shutil.rmtree(made, ignore_errors=True)
        code = run()
    if group.stopped:
        raise Failed(128 + group.stopped, "stopped while the store was written or read")
    if code:
        message = f"the process that writes and reads {spec['url']} ended with exit code {code}" + " (out of memory?)" * (code == -9)
        if os.path.exists(problem):
            with open(problem, encoding="utf-8") as text:
                message = text.read()
        raise Failed(1, message)


# --- the job -------------------------------------------------------------------------------------------------------------------------


def main(argv: List[str]) -> int:
    with open(argv[0], encoding="utf-8") as file:
        job = json.load(file)
    sys.path[:0] = job.get("path", [])
    try:
        store = Store(job["store"])
        for key, name, place in job.get("get", ()):
            store.get(key, name, place)
        for folder, key in job.get("put", ()):
            store.put(folder, key)
        for key, text in job.get("notes", ()):
            store.note(key, text)
    except StoreError as error:
        with open(job["error"], "w", encoding="utf-8") as file:
            file.write(str(error))
        return NO_DRIVER if isinstance(error, NoDriver) else 1
    return 0


class Store:
    """A store by its address. `driver` is the file system of fsspec, for tests."""

    def __init__(self, spec: Json, driver: Any = None, sleep: Callable[[float], None] = time.sleep) -> None:
        self.url, self.how, self.back, self.sleep = spec["url"].rstrip("/"), spec.get("put", {}), spec.get("get", {}), sleep
        self.driver = driver or _driver(spec)
        self.root = self.driver._strip_protocol(self.url).rstrip("/")

    def note(self, key: str, text: str) -> None:
        """An object for people."""
        self.attempt(f"write {self.url}/{key}", lambda: self.driver.pipe_file(f"{self.root}/{key}", text.encode("utf-8")))

    def put(self, folder: str, key: str) -> None:
        """Put what stands in a folder at a key that has nothing yet, and then say that it is there."""
        files, folders = tree(folder)
        places = objects(files)
        sizes = [os.path.getsize(os.path.join(folder, f)) for f in files]

        def one(i: int) -> None:
            source, target = os.path.join(folder, files[i]), f"{key}/{places[i]}"
            if sizes[i]:
                self.attempt(f"write {self.url}/{target}", lambda: self.driver.put_file(source, f"{self.root}/{target}", **self.how))
            else:
                self.note(target, "")

        together(one, range(len(files)))
        self.note(f"{key}/{MARK}", json.dumps({"wye": 1, "files": list(zip(files, places, sizes)), "folders": folders}) + "\n")

    def get(self, key: str, name: str, place: str) -> None:
        """Fetch one output of what was put at a key to a new place here: a file, or a folder."""
        done = self.done(key)
        found = [f for f in done["files"] if f[0] == name or f[0].startswith(name + "/")]
        folders = [f for f in done["folders"] if f == name or f.startswith(name + "/")]
        if not found and not folders:
            raise StoreError(f"{self.url}/{key} has no output {name}")
        for below in [*folders, *(os.path.dirname(f[0]) for f in found)]:
            if below == name or below.startswith(name + "/"):
                os.makedirs(place + below[len(name) :], exist_ok=True)
        os.makedirs(os.path.dirname(place), exist_ok=True)

        def one(i: int) -> None:
            file, source, size = found[i]
            target = place + file[len(name) :]
            self.attempt(f"read {self.url}/{key}/{source}", lambda: self.fetch(f"{key}/{source}", size, f"{place}.part{i}"))
            os.replace(f"{place}.part{i}", target)

        together(one, range(len(found)))

    def fetch(self, source: str, size: int, target: str) -> None:
        try:
            if size:
                self.driver.get_file(f"{self.root}/{source}", target, **self.back)
            else:
                open(target, "wb").close()
        except FileNotFoundError:
            raise StoreError(
                f"{self.url}/{source} is gone: it was there when its task was done; does a rule of the store remove objects?"
            ) from None
        if os.path.getsize(target) != size:
            raise EOFError(f"it has {os.path.getsize(target)} bytes, not {size}")

    def done(self, key: str) -> Json:
        """What was put at a key."""
        try:
            text = self.attempt(f"read {self.url}/{key}/{MARK}", lambda: self.driver.cat_file(f"{self.root}/{key}/{MARK}"), missing=True)
            found: Optional[Json] = None if text is None else json.loads(text)
        except ValueError:  # not written to its end
            found = None
        if not isinstance(found, dict) or found.get("wye") != 1:
            raise StoreError(f"{self.url}/{key} is not there, or was never finished; does a rule of the store remove objects?")
        return found

    def attempt(self, what: str, do: Callable[[], Any], missing: bool = False) -> Any:
        """Do it, again after what may pass. With `missing`, None where nothing is."""
        for delay in (*DELAYS, None):
            try:
                return do()
            except StoreError:
                raise
            except Exception as error:
                if missing and isinstance(error, FileNotFoundError):
                    return None
                said = " ".join(str(error).split())[:500] or type(error).__name__
                full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
                if delay is None or full or isinstance(error, _LASTING) or type(error).__name__ in _NAMES:
                    raise StoreError(f"cannot {what}: {said}") from None
                print(f"cannot {what}: {said}; the next attempt in {delay:g} s", file=sys.stderr, flush=True)
                self.sleep(delay)


def _driver(spec: Json) -> Any:
    try:
        import_module(spec["driver"])
        fsspec = import_module("fsspec")
    except ImportError as error:
        raise NoDriver(f"{spec['url']} needs the package {spec['driver']}: {error}") from None
    protocol = spec["url"].partition("://")[0]
    try:
        return fsspec.filesystem(protocol, use_listings_cache=False, skip_instance_cache=True, **spec.get("settings", {}))
    except Exception as error:  # no credentials, say
        raise StoreError(f"cannot reach {spec['url']}: {' '.join(str(error).split())[:500]}") from None


def together(do: Callable[[int], None], numbers: Iterable[int]) -> None:
    """Some at a time; when one fails, those that have not begun do not. Its error is raised."""
    failed = threading.Event()

    def one(number: int) -> None:
        if not failed.is_set():
            try:
                do(number)
            except BaseException:
                failed.set()
                raise

    with ThreadPoolExecutor(AT_A_TIME) as pool:
        for made in [pool.submit(one, n) for n in numbers]:
            made.result()


def tree(folder: str) -> Tuple[List[str], List[str]]:
    """The files below a folder but for the runner's marks, and the folders that hold none; with `/`, in order."""
    files, folders = [], []
    for at, inner, names in os.walk(folder):
        inner.sort()
        below = os.path.relpath(at, folder).replace(os.sep, "/")
        head = "" if below == "." else below + "/"
        if head and not inner and not names:
            folders.append(below)
        files += [head + n for n in sorted(names) if head or n not in (MARK, "error.json", ".error")]
    return files, folders


def objects(files: List[str]) -> List[str]:
    """The key of each file: its own path, unless a store might not take that."""
    return [
        f if len(f) <= 300 and all(map(_SAFE.fullmatch, f.split("/"))) else f"={i}/" + key_of(f.rpartition("/")[2])
        for i, f in enumerate(files)
    ]
