"""The adapter that every container gets: arguments come back as they went in, values and files go where KFP has them."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wye.backend.capabilities import FEATURES
from wye.runtime.values import wire
from wye_targets._kfp import adapter
from wye_targets._kfp.containers import ARGUMENT_LIMIT, boot, quote
from wye_targets._kfp.service import plain
from wye_targets.kubeflow.capabilities import CAPABILITIES
from wye_targets.kubeflow.emit import ADAPTER

PIECES = [
    "{",
    "}",
    "$",
    "(",
    "{{",
    "$(",
    "$$",
    "{{$}}",
    "python",
    "3",
    "python3",
    "/kfp-workspace",
    "\u241f",
    ".",
    "+",
    "é",
    "🙂",
    "\n",
    "\r\n",
    "\t",
    "# ",
]


@given(st.lists(st.sampled_from(PIECES) | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), max_size=30))
def test_a_program_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, parts: list[str]) -> None:
    text = "".join(parts)
    folder = tmp_path_factory.mktemp("program")
    arguments = [*quote(wire({"op": "call"})), *quote(f"# a/b.py\n{text}")]
    for argument in arguments:
        assert plain(argument.replace("\r", "").replace("\t", "")) or not any(e in argument for e in ("{{", "$(", "$$"))
        assert "python3" not in argument
    task, found = adapter.unpack(arguments, str(folder))
    assert task == {"op": "call"}
    assert found
    assert (folder / "a" / "b.py").read_bytes().decode() == text


def test_long_files_are_split(tmp_path: Path) -> None:
    text = "# é{{\u241f.\n" * 40_000
    arguments = list(quote("# m.py\n" + text))
    assert len(arguments) > 3
    assert all(len(a.encode()) <= ARGUMENT_LIMIT for a in arguments)
    adapter.unpack(["{}", *arguments], str(tmp_path))
    assert (tmp_path / "m.py").read_text() == text


def test_the_boot_code_is_what_kfp_local_asks_for() -> None:
    text = boot(ADAPTER)
    compile(text, "boot", "exec")
    assert "kfp.dsl.executor_main" in text
    assert '"$program_path/ephemeral_component.py"' in text
    assert '"$@"' in text
    assert plain(text)


@pytest.mark.parametrize(
    ("artifact", "path"),
    [
        ({"uri": "/local/x"}, "/local/x"),
        ({"uri": "gs://b/x"}, "/gcs/b/x"),
        ({"uri": "minio://b/x"}, "/minio/b/x"),
        ({"uri": "s3://b/x"}, "/s3/b/x"),
        ({"uri": "s3://b/x", "customPath": "/tmp/y"}, "/tmp/y"),
        ({"uri": "s3://b/x", "metadata": {"_kfp_workspace": True}}, "/kfp-workspace/.artifacts/s3/b/x"),
    ],
)
def test_where_the_launcher_puts_artifacts(artifact: dict[str, Any], path: str) -> None:
    assert adapter.local_path(artifact) == path


@pytest.mark.parametrize(
    ("value", "kind", "expected"), [(3.0, "int", 3), (1.5, "int", 1.5), (True, "bool", True), (2.0, "float", 2.0), (-0.0, "int", 0)]
)
def test_numbers_are_doubles(value: Any, kind: str, expected: Any) -> None:
    found = adapter.arrived("x", value, {"as": "value", "type": kind})
    assert (found, type(found)) == (expected, type(expected))


def test_a_negative_zero_of_the_launcher_is_one() -> None:
    assert str(json.loads("[-0, 1]", parse_int=adapter.integer)) == "[-0.0, 1]"


@pytest.mark.parametrize("value", [2**53, -(2**53), 1e300])
def test_an_integer_that_may_be_another_is_refused(value: float) -> None:
    with pytest.raises(adapter.Refused):
        adapter.arrived("x", value, {"as": "value", "type": "int"})


def test_long_texts_are_packed() -> None:
    text = wire(["x" * 100_000])
    packed = adapter.packed(text)
    assert len(packed) < 1000
    assert adapter.arrived("x", packed, {"as": "text", "type": "any"}) == text
    assert adapter.packed("[1]") == "[1]"


def test_a_secret_without_a_key_is_its_only_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "SECRETS", f"{tmp_path}/")
    (tmp_path / "A" / "..data").mkdir(parents=True)
    (tmp_path / "A" / "password").write_bytes(b"p\xff")
    task = {"secrets": [{"name": "db", "env": "A"}, {"name": "else", "env": "B"}]}
    assert adapter.secrets(task) == {"A": "p\udcff"}
    (tmp_path / "A" / "user").write_text("u")
    with pytest.raises(adapter.Refused, match="password, user"):
        adapter.secrets(task)


def test_outputs_go_where_kfp_collects_them(tmp_path: Path) -> None:
    out, root = tmp_path / "out", tmp_path / "root"
    (out / "tree" / "0" / "empty").mkdir(parents=True)
    (out / "tree" / "value.json").write_text("{}")
    (out / "n.json").write_text("[1]")
    (root / "tree" / "stale").mkdir(parents=True)
    ports = [{"name": "n", "format": "json", "key": "n"}, {"name": "tree", "format": "path", "key": "tree"}]
    outputs = {
        "parameters": {"n": {"outputFile": str(root / "n")}},
        "artifacts": {"tree": {"artifacts": [{"name": "tree", "uri": str(root / "tree")}]}},
        "outputFile": str(root / "executor_output.json"),
    }
    adapter.publish({"outputs": ports}, outputs, str(out))
    assert (root / "n").read_text() == "[1]"
    assert not (root / "tree" / "stale").exists(), "what an earlier attempt left"
    (root / "tree" / "0" / "empty").rmdir()  # an object store keeps no empty folder
    adapter.restore(str(root / "tree"))
    assert (root / "tree" / "0" / "empty").is_dir()
    assert json.loads((root / "executor_output.json").read_text())["artifacts"]["tree"]["artifacts"][0]["uri"] == str(root / "tree")


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    """The runtime under the name that it has in a container."""
    for name in ("", ".types", ".values"):
        monkeypatch.setitem(sys.modules, f"wye_runtime{name}", importlib.import_module(f"wye.runtime{name}"))


class Container:
    """What KFP gives a container, and what it collects."""

    def __init__(self, folder: Path, parameters: list[str], artifacts: list[str]) -> None:
        self.folder = folder
        self.outputs = {
            "parameters": {n: {"outputFile": str(folder / "p" / n)} for n in parameters},
            "artifacts": {n: {"artifacts": [{"name": n, "uri": str(folder / "a" / n)}]} for n in artifacts},
            "outputFile": str(folder / "executor_output.json"),
        }

    def run(self, task: dict[str, Any], parameters: dict[str, Any], artifacts: dict[str, list[Path]] | None = None) -> None:
        found = {n: {"artifacts": [{"uri": str(p)} for p in paths]} for n, paths in (artifacts or {}).items()}
        executor = {"inputs": {"parameterValues": parameters, "artifacts": found}, "outputs": self.outputs}
        assert adapter.run(executor, {"op": "pass", "inputs": {}, "outputs": [], **task}, None, str(self.folder)) == 0

    def parameter(self, name: str) -> str:
        return (self.folder / "p" / name).read_text()


JSON, AUTO = {"name": "out", "key": "Output", "format": "json"}, {"name": "out", "key": "Output", "format": "auto"}
LISTED = {"items": {"value": {"items": False, "items-or-none": True}}}


def source(how: str, t: Any = "any", **more: Any) -> dict[str, Any]:
    return {"inputs": {"value": {"as": how, "format": "json", "type": t, **more}}}


@pytest.mark.usefixtures("runtime")
@pytest.mark.parametrize(
    ("how", "t", "given", "text"),
    [
        ("text", "str", '"a"', '"a"'),
        ("text", "str", adapter.packed(wire("x" * 100_000)), wire("x" * 100_000)),
        ("raw", "str", "plain", '"plain"'),
        ("raw", "str", '"\\u0061"', '"a"'),
        ("raw", ["list", "int"], " [1, 2] ", "[1,2]"),
        ("value", "float", 3, "3.0"),
        ("value", "bool", True, "true"),
    ],
)
def test_a_value_is_handed_on(how: str, t: Any, given: Any, text: str, tmp_path: Path) -> None:
    one = Container(tmp_path / "1", ["Output"], [])
    one.run({**source(how, t), "outputs": [JSON]}, {"value": given})
    assert adapter.unpacked(one.parameter("Output")) == text
    two = Container(tmp_path / "2", [], ["Output"])
    two.run({**source(how, t), "outputs": [AUTO]}, {"value": given})
    assert (tmp_path / "2" / "a" / "Output").read_text() == text


def test_an_artifact_is_handed_on(tmp_path: Path) -> None:
    (tmp_path / "tree" / "0" / "empty").mkdir(parents=True)
    (tmp_path / "tree" / "value.json").write_text("{}")
    one = Container(tmp_path / "1", [], ["Output"])
    one.run({**source("file"), "outputs": [AUTO]}, {}, {"value": [tmp_path / "tree"]})
    assert (tmp_path / "1" / "a" / "Output" / "value.json").read_text() == "{}"


@pytest.mark.usefixtures("runtime")
@pytest.mark.parametrize("values", [[], [None], ["", "a'{}", "é"], [2**60, -0.0, {"$tuple": [1]}], [["x" * 20_000], [[]]]])
def test_the_items_of_a_list_are_texts(values: list[Any], tmp_path: Path) -> None:
    one = Container(tmp_path, ["items", "items-or-none"], [])
    one.run({**source("text"), **LISTED}, {"value": wire(values)})
    found = json.loads(one.parameter("items"))
    assert [adapter.unpacked(t) for t in found] == [wire(v) for v in values]
    assert json.loads(one.parameter("items-or-none")) == (found or [""])


@pytest.mark.usefixtures("runtime")
def test_the_items_of_a_list_of_artifacts_are_numbers(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_text(name)
    one = Container(tmp_path / "1", ["items", "items-or-none"], [])
    one.run({**source("files"), **LISTED}, {}, {"value": [tmp_path / "a", tmp_path / "b"]})
    assert json.loads(one.parameter("items")) == ["0", "1"]
    two = Container(tmp_path / "2", [], ["Output"])
    two.run({**source("files", index="value-index"), "outputs": [AUTO]}, {"value-index": "1"}, {"value": [tmp_path / "a", tmp_path / "b"]})
    assert (tmp_path / "2" / "a" / "Output").read_text() == "b"
    (tmp_path / "folder").mkdir()
    for i in range(3):
        (tmp_path / "folder" / f"{i}").write_text(str(i))
    three = Container(tmp_path / "3", ["items", "items-or-none"], [])
    three.run({**source("file"), **LISTED}, {}, {"value": [tmp_path / "folder"]})
    assert json.loads(three.parameter("items")) == ["0", "1", "2"]


@pytest.mark.usefixtures("runtime")
def test_a_loop_without_items_gives_nothing(tmp_path: Path) -> None:
    """In its one iteration nothing is done; what it gives is an empty list where it is collected, and gone through."""
    loop = Container(tmp_path / "1", ["Output", "items", "items-or-none", "number"], ["model"])
    ports = [JSON, {"name": "model", "key": "model", "format": "auto"}]
    task = {
        "op": "call",
        "guards": ["x"],
        "outputs": ports,
        "items": {"out": LISTED["items"]["value"]},
        "numbers": {"out": {"number": False}},
    }
    loop.run(task, {"x": ""})
    assert (loop.parameter("Output"), loop.parameter("number")) == ("", "0")
    assert json.loads(loop.parameter("items")) == []
    assert json.loads(loop.parameter("items-or-none")) == [""]
    nothing = tmp_path / "1" / "a" / "model"
    assert adapter.entry("xs", {"as": "list"}, {"xs": [""]}, {}) == {"list": []}
    assert adapter.entry("ms", {"as": "files"}, {}, {"ms": {"artifacts": [{"uri": str(nothing)}]}}) == {"list": []}
    two = Container(tmp_path / "2", ["items", "items-or-none"], [])
    two.run({**source("files"), **LISTED}, {}, {"value": [nothing]})
    assert json.loads(two.parameter("items-or-none")) == [""]


def test_a_value_that_is_missing_is_no_value(tmp_path: Path) -> None:
    """The service hands in the empty text for the output of a clean-up that failed: the verdict."""
    with pytest.raises(adapter.Refused, match="has no value"):
        Container(tmp_path, [], []).run(source("text"), {"value": ""})
    Container(tmp_path, [], []).run({**source("text"), "guards": ["wye-item"]}, {"value": "", "wye-item": ""})


@pytest.mark.usefixtures("runtime")
def test_items_beyond_the_limit_are_refused(tmp_path: Path) -> None:
    one = Container(tmp_path, ["items", "items-or-none"], [])
    with pytest.raises(adapter.Refused, match="at most"):
        one.run({**source("text"), **LISTED}, {"value": wire(list(range(300_000)))})


def test_an_island_gives_lists(tmp_path: Path) -> None:
    out, root = tmp_path / "out", tmp_path / "root"
    (out / "r0").mkdir(parents=True)
    (out / "r1").mkdir()
    for i in range(11):
        (out / "r0" / f"{i}.json").write_text(str(i))
        (out / "r1" / f"{i}").write_text(str(i))
    ports = [{"name": "r0", "key": "r0", "format": "json*"}, {"name": "r1", "key": "r1", "format": "auto*"}]
    one = Container(root, ["r0"], ["r1"])
    adapter.publish({"outputs": ports}, one.outputs, str(out))
    assert json.loads(one.parameter("r0")) == [str(i) for i in range(11)]
    assert adapter.entry(
        "x", {"as": "file", "format": "auto", "index": "i"}, {"i": "10"}, {"x": {"artifacts": [{"uri": str(root / "a" / "r1")}]}}
    ) == {
        "item": {"file": str(root / "a" / "r1"), "format": "auto*"},
        "index": 10,
    }
    for i in range(11):
        (out / "r0" / f"{i}.json").unlink()
    adapter.publish({"outputs": ports[:1]}, one.outputs, str(out))
    assert json.loads(one.parameter("r0")) == [""]


def test_every_feature_has_a_row_with_a_page() -> None:
    assert set(CAPABILITIES.rows) == {f.name for f in FEATURES}
    assert all(row.link.startswith("https://") for row in CAPABILITIES.rows.values())
    assert all(row.help for row in CAPABILITIES.rows.values() if row.level == "rejected")


SERVICE = {adapter.RUN_ID: "42", adapter.RUN_TIME: "2026-01-31T06:00:00Z", adapter.TASK_ID: "train"}


def test_the_time_for_which_a_run_is_meant() -> None:
    time = {"as": "time", "format": "json", "type": "datetime"}
    assert adapter.entry("day", time, {**SERVICE, "day": adapter.SCHEDULED}, {}) == {"raw": "2026-01-31T06:00:00+00:00"}
    assert adapter.entry("day", time, {**SERVICE, "day": "2020-01-01T00:00:00+01:00"}, {}) == {"raw": "2020-01-01T00:00:00+01:00"}
    old = {**SERVICE, adapter.RUN_TIME: "{{$.pipeline_job_schedule_time_utc}}"}
    with pytest.raises(adapter.Refused, match="give 'day'"):
        adapter.entry("day", time, {**old, "day": adapter.SCHEDULED}, {})
    assert adapter.surroundings({"pipeline": "p"}, old)["scheduled_time"] is None


def test_what_a_step_is_told_of_its_run(monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"run_id": "42", "attempt": 1, "scheduled_time": "2026-01-31T06:00:00+00:00", "task_id": "train", "pipeline": "p"}
    monkeypatch.delenv("KFP_RETRY_INDEX", raising=False)
    assert adapter.surroundings({"pipeline": "p"}, SERVICE) == said
    monkeypatch.setenv("KFP_RETRY_INDEX", "2")
    assert adapter.surroundings({"pipeline": "p"}, SERVICE) == {**said, "attempt": 3}
