"""Environments made with uv from wheels that the test makes: once for all who want one, and never half."""

from __future__ import annotations

import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest

from wye.runs import environments
from wye.runs.environments import EnvironmentFailed, Environments, clean, find_uv, installed
from wye.stacks.tables import Config, Packages

pytestmark = [pytest.mark.skipif(find_uv() is None, reason="uv is not installed"), pytest.mark.processes]


def wheel(folder: Path, name: str, version: str) -> None:
    folder.mkdir(exist_ok=True)
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as file:
        file.writestr(f"{name}.py", f"def main(): print('{name} {version}')\n")
        file.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        file.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{info}/entry_points.txt", f"[console_scripts]\n{name}-tool = {name}:main\n")
        file.writestr(f"{info}/RECORD", "")


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environments:
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    wheel(tmp_path / "wheels", "wye_alpha", "1.0")
    wheel(tmp_path / "wheels", "wye_alpha", "2.0")
    return again(tmp_path)


def again(folder: Path) -> Environments:
    return Environments(folder / "cache", Config(packages=Packages(wheels=("wheels",)), folder=folder))


def says(python: Path) -> str:
    program = "import subprocess, wye_alpha; wye_alpha.main()"
    return subprocess.run([python, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


def test_made_once_and_then_needs_nothing(made: Environments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = made.python(["Wye_Alpha == 1.0"])
    assert says(python) == "wye_alpha 1.0"
    tool = subprocess.run([python.parent / "wye_alpha-tool"], capture_output=True, text=True, check=True)  # after it was renamed
    assert tool.stdout == "wye_alpha 1.0\n"
    monkeypatch.setattr(environments, "find_uv", lambda: None)
    assert again(tmp_path).python(["wye-alpha==1.0"]) == python
    with pytest.raises(EnvironmentFailed, match="pip install uv"):
        again(tmp_path).python(["wye-alpha==2.0"])
    assert installed([str(p) for p in python.parents[1].glob("lib/python*/site-packages")]) == ["wye_alpha==1.0"]


def test_what_an_environment_depends_on(made: Environments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = ("wye-alpha",)
    keys = [made.key(wanted), made.key(("wye-alpha>1",))]
    for name, value in (("UV_EXCLUDE_NEWER", "2020-01-01"), ("UV_INDEX_URL", "https://example.com/simple")):
        monkeypatch.setenv(name, value)
        keys.append(made.key(wanted))
    monkeypatch.setenv("UV_INDEX_URL", "https://who:secret@example.com/simple")
    assert made.key(wanted) == keys[-1], "who asks does not change what there is"
    monkeypatch.setenv("UV_NO_PROGRESS", "1")
    assert made.key(wanted) == keys[-1]
    wheel(tmp_path / "wheels", "wye_alpha", "3.0")
    keys.append(made.key(wanted))
    (tmp_path / "lock.txt").write_text("wye-alpha==1.0\n")
    locked = Environments(tmp_path, Config(packages=Packages(lock="lock.txt", wheels=("wheels",)), folder=tmp_path))
    keys.append(locked.key(wanted))
    assert len(set(keys)) == len(keys)
    monkeypatch.delenv("UV_INDEX_URL")
    monkeypatch.delenv("UV_EXCLUDE_NEWER")
    assert says(locked.python(wanted)) == "wye_alpha 1.0"


def test_many_want_it_at_a_time(made: Environments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    found = []

    def want() -> None:
        one = again(tmp_path)
        one.tell = told.append
        found.append(one.python(["wye-alpha==2.0"]))

    threads = [threading.Thread(target=want) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert says(found[0]) == "wye_alpha 2.0"
    assert len([t for t in told if t.startswith("making")]) == 1


def test_what_a_killed_run_left_is_no_environment(made: Environments, tmp_path: Path) -> None:
    place = made.folder / made.key(("wye-alpha==1.0",))
    for left in (place, place.with_name(place.name + ".new")):
        (left / "bin").mkdir(parents=True)
        (left / "bin/python").symlink_to(sys.executable)
    assert says(made.python(["wye-alpha==1.0"])) == "wye_alpha 1.0"
    assert not place.with_name(place.name + ".new").exists()


def test_what_cannot_be_had(made: Environments) -> None:
    with pytest.raises(EnvironmentFailed, match=r"(?s)uv could not do it.*wye-alpha"):
        made.python(["wye-alpha==9.0"])
    assert [p for p in made.folder.iterdir() if p.suffix != ".lock"] == []


def test_an_environment_in_use_is_not_deleted(made: Environments, tmp_path: Path) -> None:
    made.python(["wye-alpha==1.0"])
    assert clean(made.folder, 1e12) == 0
    for lock in made._held:
        lock.close()
    assert clean(made.folder, 0.0) == 0
    assert clean(made.folder, 1e12) == 1
    assert says(again(tmp_path).python(["wye-alpha==1.0"])) == "wye_alpha 1.0"
