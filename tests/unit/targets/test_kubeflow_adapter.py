"""The adapter that every container gets: arguments come back as they went in, values and files go where KFP has them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wye.backend.capabilities import FEATURES
from wye.runtime.values import wire
from wye_targets.kubeflow import adapter
from wye_targets.kubeflow.capabilities import CAPABILITIES, plain
from wye_targets.kubeflow.emit import ARGUMENT_LIMIT, BOOT, quote

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
    compile(BOOT, "boot", "exec")
    assert "kfp.dsl.executor_main" in BOOT
    assert '"$program_path/ephemeral_component.py"' in BOOT
    assert '"$@"' in BOOT
    assert plain(BOOT)


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
    adapter.publish(ports, outputs, str(out))
    assert (root / "n").read_text() == "[1]"
    assert not (root / "tree" / "stale").exists(), "what an earlier attempt left"
    (root / "tree" / "0" / "empty").rmdir()  # an object store keeps no empty folder
    adapter.restore(str(root / "tree"))
    assert (root / "tree" / "0" / "empty").is_dir()
    assert json.loads((root / "executor_output.json").read_text())["artifacts"]["tree"]["artifacts"][0]["uri"] == str(root / "tree")


def test_every_feature_has_a_row_with_a_page() -> None:
    assert set(CAPABILITIES.rows) == {f.name for f in FEATURES}
    assert all(row.link.startswith("https://") for row in CAPABILITIES.rows.values())
    assert all(row.help for row in CAPABILITIES.rows.values() if row.level == "rejected")
