"""What is put in a store comes back the same bytes; what was not finished counts for nothing, whatever was killed or failed."""

from __future__ import annotations

import json
import os
import string
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wye.runtime.store import DELAYS, Store, StoreError, key_of, localized, objects

RUNTIME = Path(__file__).parents[3] / "compiler/wye/runtime"
HOSTILE = [
    "a b",
    "{{ ds }}",
    "$HOME",
    "#1",
    "x?y",
    "*",
    "[0]",
    "%41",
    "..x",
    ".hidden",
    "é",
    "日本",
    "a'b\"c",
    "-x",
    "tab\t",
    "new\nline",
    "x" * 255,
]


class Faulty(MemoryFileSystem):  # type: ignore[misc]
    """A bucket in memory. `plan` decides what a call does: it gets its name, the object and how often that was tried, and may raise."""

    cachable = False

    def __init__(self, plan: Callable[[str, str, int], None] = lambda name, path, number: None) -> None:
        super().__init__()
        self.store: dict[str, Any] = {}
        self.pseudo_dirs = [""]
        self.plan, self.tried = plan, Counter[tuple[str, str]]()

    def _asked(self, name: str, path: str) -> None:
        self.tried[name, path] += 1
        self.plan(name, path, self.tried[name, path])

    def put_file(self, lpath: str, rpath: str, *args: Any, **kwargs: Any) -> None:
        half = Path(lpath).read_bytes()[:3]
        super().pipe_file(rpath, half)  # what a driver may leave that is killed in mid-upload
        self._asked("put", rpath)
        super().put_file(lpath, rpath, *args, **kwargs)

    def pipe_file(self, path: str, value: bytes, **kwargs: Any) -> None:
        self._asked("pipe", path)
        super().pipe_file(path, value, **kwargs)

    def get_file(self, rpath: str, lpath: str, *args: Any, **kwargs: Any) -> None:
        self._asked("get", rpath)
        super().get_file(rpath, lpath, *args, **kwargs)


def store_of(driver: Any, slept: list[float] | None = None) -> Store:
    return Store({"url": "memory://bucket/wye"}, driver, (slept if slept is not None else []).append)


def made(folder: Path, files: dict[str, bytes], empty: tuple[str, ...] = ()) -> Path:
    for name, data in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    for name in empty:
        (folder / name).mkdir(parents=True)
    return folder


def seen(place: Path) -> Any:
    """Everything below a place, or what stands there."""
    if place.is_file():
        return place.read_bytes()
    return {str(p.relative_to(place)): p.read_bytes() if p.is_file() else None for p in place.rglob("*")}


NAMES = st.one_of(st.sampled_from(HOSTILE), st.text(string.ascii_letters + "._-= é", min_size=1, max_size=8)).filter(
    lambda n: n not in (".", "..")
)
TREES = st.recursive(st.binary(max_size=40), lambda inner: st.dictionaries(NAMES, inner, max_size=4), max_leaves=8)


def plant(place: Path, tree: Any) -> None:
    if isinstance(tree, bytes):
        place.write_bytes(tree)
    else:
        place.mkdir()
        for name, inner in tree.items():
            plant(place / name, inner)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(["out", "out0", "out1.json", "out10"]), TREES, min_size=1))
def test_what_was_put_comes_back(tmp_path_factory: pytest.TempPathFactory, outputs: dict[str, Any]) -> None:
    folder = tmp_path_factory.mktemp("tree")
    (folder / "in").mkdir()
    for name, tree in outputs.items():
        plant(folder / "in" / name, tree)
    store = store_of(Faulty())
    store.put(str(folder / "in"), "p/r/tasks/a/1")
    for name in outputs:
        store.get("p/r/tasks/a/1", name, str(folder / "back" / name))
        assert seen(folder / "back" / name) == seen(folder / "in" / name)


def test_objects_have_the_files_own_names_where_a_store_takes_them() -> None:
    assert objects(["out/0/model.bin", "out/value.json", "out/0/a b", "out/.x", "out/=1"]) == [
        "out/0/model.bin", "out/value.json", "=2/_a_b", "=3/_.x", "=4/_=1",
    ]  # fmt: skip
    files = [f"out/{n}" for n in HOSTILE]
    assert len({*objects(files)}) == len(files)
    assert all(o.isascii() and o.isprintable() and " " not in o and len(o) < 200 for o in objects(files))


def test_the_marks_of_the_runner_are_no_outputs(tmp_path: Path) -> None:
    store = store_of(driver := Faulty())
    store.put(str(made(tmp_path / "in", {"done.json": b"{}", "out/done.json": b"mine", "error.json": b"{}"})), "k")
    assert sorted(driver.store) == ["/bucket/wye/k/done.json", "/bucket/wye/k/out/done.json"]
    assert json.loads(driver.store["/bucket/wye/k/done.json"].getvalue())["files"] == [["out/done.json", "out/done.json", 4]]


# --- faults --------------------------------------------------------------------------------------------------------------------------


def test_what_passes_is_tried_again(tmp_path: Path) -> None:
    def plan(name: str, path: str, number: int) -> None:
        if number < 3:
            raise [TimeoutError("slow down"), OSError("reset")][number - 1]

    slept: list[float] = []
    store = store_of(driver := Faulty(plan), slept)
    store.put(str(made(tmp_path / "in", {"out": b"x" * 100})), "k")
    store.get("k", "out", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == b"x" * 100
    assert slept == [*DELAYS[:2]] * 3, "upload, mark, download"
    assert driver.tried["put", "/bucket/wye/k/out"] == 3


@pytest.mark.parametrize("error", [OSError("no\n  route"), PermissionError("Access Denied"), FileNotFoundError("no such bucket")])
def test_what_lasts_ends_in_one_clear_line(tmp_path: Path, error: OSError) -> None:
    def plan(name: str, path: str, number: int) -> None:
        raise error

    slept: list[float] = []
    with pytest.raises(StoreError) as told:
        store_of(Faulty(plan), slept).put(str(made(tmp_path / "in", {"out": b"x"})), "k")
    assert str(told.value) == f"cannot write memory://bucket/wye/k/out: {' '.join(str(error).split())}"
    assert slept == (list(DELAYS) if type(error) is OSError else [])


@pytest.mark.parametrize("when", range(4))
def test_what_was_not_finished_is_no_output(tmp_path: Path, when: int) -> None:
    """Killed in mid-upload of each file, and between the last upload and the mark."""
    calls = []

    def plan(name: str, path: str, number: int) -> None:
        calls.append(path)
        if len(calls) > when:
            raise KeyboardInterrupt

    folder = made(tmp_path / "in", {"a": b"1234", "b": b"1234", "c": b"1234"})
    store = store_of(driver := Faulty(plan))
    with pytest.raises(KeyboardInterrupt):
        store.put(str(folder), "k/1")
    assert any("/k/1/" in path for path in driver.store) or when == 0
    driver.plan = lambda *what: None
    with pytest.raises(StoreError, match="memory://bucket/wye/k/1 is not there, or was never finished"):
        store.get("k/1", "a", str(tmp_path / "back"))
    assert not (tmp_path / "back").exists()
    store.put(str(folder), "k/2")  # the next attempt
    store.get("k/2", "a", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == b"1234"


@pytest.mark.parametrize("text", [b"", b'{"wye": 1, "files": [["out", "ou', b"null", b"{}"])
def test_a_mark_that_was_cut_short_is_none(tmp_path: Path, text: bytes) -> None:
    store = store_of(driver := Faulty())
    driver.pipe_file("/bucket/wye/k/done.json", text)
    with pytest.raises(StoreError, match="is not there, or was never finished"):
        store.get("k", "out", str(tmp_path / "back"))


def test_an_object_that_somebody_has_removed(tmp_path: Path) -> None:
    store = store_of(driver := Faulty())
    store.put(str(made(tmp_path / "in", {"out/0/a": b"1", "out/0/b": b"2"})), "k")
    driver.rm_file("/bucket/wye/k/out/0/b")
    with pytest.raises(StoreError) as told:
        store.get("k", "out", str(tmp_path / "back"))
    message = "memory://bucket/wye/k/out/0/b is gone: it was there when its task was done; does a rule of the store remove objects?"
    assert str(told.value) == message


def test_an_object_of_another_length_is_none(tmp_path: Path) -> None:
    store = store_of(driver := Faulty())
    store.put(str(made(tmp_path / "in", {"out": b"12345"})), "k")
    driver.pipe_file("/bucket/wye/k/out", b"123")
    with pytest.raises(StoreError, match="cannot read memory://bucket/wye/k/out: it has 3 bytes, not 5"):
        store.get("k", "out", str(tmp_path / "back"))
    assert not (tmp_path / "back").exists()


def test_an_output_that_an_attempt_did_not_leave(tmp_path: Path) -> None:
    store = store_of(Faulty())
    store.put(str(made(tmp_path / "in", {"out": b"1"})), "k")
    with pytest.raises(StoreError, match=r"memory://bucket/wye/k has no output ou$"):
        store.get("k", "ou", str(tmp_path / "back"))


# --- entries -------------------------------------------------------------------------------------------------------------------------


def test_entries_are_fetched_once_and_of_a_list_only_what_is_read() -> None:
    gets: dict[tuple[str, str], str] = {}
    model = {"store": "k", "name": "out"}
    items = {"store": "k", "name": "r0", "format": "auto*"}
    texts = {"store": "k", "name": "r1", "format": "json*"}
    assert localized({"text": "1"}, "/in", gets) == {"text": "1"}
    assert localized({"list": [model, {"text": "2"}, model]}, "/in", gets) == {
        "list": [{"file": "/in/0"}, {"text": "2"}, {"file": "/in/0"}]
    }
    assert localized({"item": items, "index": "7"}, "/in", gets) == {"file": "/in/1", "format": "auto"}
    assert localized({"item": texts, "index": 0}, "/in", gets) == {"file": "/in/2", "format": "json"}
    assert localized({"item": model, "index": 3}, "/in", gets) == {"item": {"file": "/in/0"}, "index": 3}
    assert localized(items, "/in", gets) == {"file": "/in/3", "format": "auto*"}
    assert [name for _, name in gets] == ["out", "r0/7", "r1/0.json", "r0"]


def test_keys() -> None:
    assert key_of("churn", "2026-01-01", "tasks", "if_1") == "churn/2026-01-01/tasks/if_1"
    assert key_of("é", "manual__2026-01-01T00:00:00+00:00", "..", "") == "__/_manual__2026-01-01T00_00_00_00_00/_../_"


# --- the process ---------------------------------------------------------------------------------------------------------------------


def spec_of(folder: Path) -> dict[str, Any]:
    return {"url": folder.as_uri(), "driver": "fsspec", "packages": ["fsspec"], "settings": {"auto_mkdir": True}}


def process(tmp_path: Path, job: dict[str, Any], **env: str) -> tuple[int, str]:
    file = tmp_path / "job.json"
    file.write_text(json.dumps({**job, "error": str(tmp_path / "error.txt")}))
    argv = [sys.executable, "-B", str(RUNTIME / "__main__.py"), "store", str(file)]
    code = subprocess.run(argv, env={**os.environ, **env}, timeout=60).returncode
    return code, (tmp_path / "error.txt").read_text() if code else ""


def test_a_job_is_a_process(tmp_path: Path) -> None:
    made(tmp_path / "in", {"out/value.json": b"{}", "out/0/é": b"1", "x.json": b"2"}, ("out/1/empty",))
    job: dict[str, Any] = {"store": spec_of(tmp_path / "bucket")}
    place = tmp_path / "back" / "x"
    more = {"put": [[str(tmp_path / "in"), "p/1"]], "notes": [["p/run.json", "{}"]]}
    assert process(tmp_path, {**job, **more}) == (0, "")
    assert process(tmp_path, {**job, "get": [["p/1", "out", str(place)]]}) == (0, "")
    assert seen(place) == seen(tmp_path / "in/out")
    assert (tmp_path / "bucket/p/run.json").read_text() == "{}"
    code, text = process(tmp_path, {**job, "get": [["p/2", "out", str(place)]]})
    assert (code, text) == (1, f"{job['store']['url']}/p/2 is not there, or was never finished; does a rule of the store remove objects?")


def test_without_a_driver_the_exit_code_says_so(tmp_path: Path) -> None:
    code, text = process(tmp_path, {"store": {**spec_of(tmp_path / "b"), "driver": "no_such_driver"}})
    assert code == 4
    assert "needs the package no_such_driver" in text


def test_a_local_file_system_is_one_more_driver(tmp_path: Path) -> None:
    store = Store(spec_of(tmp_path / "bucket"), LocalFileSystem(auto_mkdir=True))
    store.put(str(made(tmp_path / "in", {"out": b"1"})), "k")
    store.get("k", "out", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == b"1"
