"""`wye build`: what it writes, what it asks docker for (a docker that notes what it is told stands on PATH), and how it fails."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from wye import cli
from wye.cli.builder import Build, buildx_command, by_hand, compose_file, pip_secret

FLOW = """\
from wye import pipeline, step


@step(packages=["a==1"])
def load() -> int:
    return 1


@step
def twice(n: int) -> int:
    return 2 * n


@pipeline
def flow() -> int:
    return twice(load())
"""
IMAGE = '[code]\npackaging = "image"\n[stacks.prod]\ntarget = "docker"\nregistry = "registry.example.com/ml"\n'
DOCKER = """\
#!/bin/sh
if [ "$1" = "$FAIL" ] || [ "$2" = "$FAIL" ]; then echo "it went wrong" >&2; exit 3; fi
if [ "$#" -gt 2 ] || [ "$1" = push ]; then
    echo "$@" >> "$NOTES"
    for word in "$@"; do case "$word" in id=*) cat "${word#*src=}" >> "$NOTES";; esac; done
    case "$*" in *"-f -"*) cat >> "$NOTES"; echo >> "$NOTES";; esac
    echo "step 1 of 1"
fi
"""


@dataclass
class Done:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Wye = Callable[..., Done]


@pytest.fixture
def wye(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Wye:
    """Runs one command in a folder with `flow.py`, `wye.toml` and, in front of all others, a docker of its own."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("PIP_", "WYE_", "NETRC", "COMPOSE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("WYE_CACHE", "off")
    monkeypatch.setenv("NO_COLOR", "1")
    Path("flow.py").write_text(FLOW)
    Path("wye.toml").write_text(IMAGE)
    Path("bin").mkdir()
    Path("bin/docker").write_text(DOCKER)
    Path("bin/docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    monkeypatch.setenv("NOTES", str(tmp_path / "notes"))
    monkeypatch.setenv("FAIL", "-")

    def run(*arguments: str) -> Done:
        capfd.readouterr()
        code = cli.run(["build", *arguments])
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        return Done(code, out, err)

    return run


def told() -> list[str]:
    return Path("notes").read_text().splitlines() if Path("notes").exists() else []


def written() -> list[str]:
    return sorted(p.as_posix() for p in Path("build").rglob("*") if p.is_file())


def test_the_images_are_those_that_the_artifact_names(wye: Wye) -> None:
    done = wye("flow.py", "--stack", "prod", "--format", "json")
    assert done.code == 0, done.err
    assert done.json["status"] == "built"
    images = done.json["images"]
    assert [(i["folder"], i["packages"], i["tasks"]) for i in images] == [
        ("build/flow/images/flow", [], ["twice", "outputs"]),
        ("build/flow/images/flow-load", ["a==1"], ["load"]),
    ]
    assert told() == [f"buildx build --load --tag {i['image']} {i['folder']}" for i in images]
    assert cli.run(["compile", "flow.py", "--stack", "prod"]) == 0
    report = json.loads(Path("build/flow/docker/report.json").read_text())
    assert [i["image"] for i in report["images"]] == [i["image"] for i in images]
    assert "build/flow/images/flow-load/packages/pip.conf" in written(), "a compile leaves them alone"
    whole = json.loads(Path("build/flow/images/report.json").read_text())
    assert [(i["image"], i["folder"]) for i in whole["images"]] == [(images[0]["image"], "flow"), (images[1]["image"], "flow-load")]


def test_push_comes_after_all_are_built(wye: Wye) -> None:
    done = wye("flow.py", "--stack", "prod", "--push", "--network", "host", "--platform", "linux/arm64")
    assert done.code == 0
    assert [line.split()[0] for line in told()] == ["buildx", "buildx", "push", "push"]
    assert "--network host --platform linux/arm64" in told()[0]
    assert done.out.count("pushed") == 2
    assert "step 1 of 1" in done.err, "what docker says is for people"
    done = wye("flow.py", "-t", "docker", "--push")
    assert done.code == 1
    assert "no registry to push flow:" in done.err
    assert wye("flow.py", "--stack", "prod", "--push", "--no-build").code == 2


def test_only_the_folders(wye: Wye, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    done = wye("flow.py", "--no-build")
    assert (done.code, told()) == (0, [])
    first = {p: Path(p).read_bytes() for p in written()}
    assert len([p for p in first if p.endswith("Dockerfile")]) == 2
    assert "flow:" in done.out
    assert wye("flow.py", "--no-build").code == 0
    assert {p: Path(p).read_bytes() for p in written()} == first
    Path("flow.py").write_text(FLOW.replace('(packages=["a==1"])', ""))
    assert wye("flow.py", "--no-build").code == 0
    assert [p for p in written() if p.endswith("Dockerfile")] == ["build/flow/images/flow/Dockerfile"], "what is no longer named is gone"


def test_a_dry_run_writes_nothing(wye: Wye) -> None:
    done = wye("flow.py", "--stack", "prod", "--dry-run")
    assert (done.code, told(), written()) == (0, [], [])
    assert "docker buildx build --load --tag registry.example.com/ml/flow:" in done.out


@pytest.mark.parametrize(
    ("path", "fail", "said"),
    [
        ("/nowhere", "-", "docker is not installed, and builds the images\nhelp: https://docs.docker.com/engine/install/; or --no-build"),
        (None, "version", "docker has no BuildKit here\nhelp: install its plugin buildx"),
        (None, "build", "could not be built: docker ended with 3\nhelp: what it says stands above"),
    ],
)
def test_without_a_docker_that_builds(wye: Wye, monkeypatch: pytest.MonkeyPatch, path: str | None, fail: str, said: str) -> None:
    if path:
        monkeypatch.setenv("PATH", path)
    monkeypatch.setenv("FAIL", fail)
    done = wye("flow.py")
    assert done.code == 1
    assert said in done.err
    done = wye("flow.py", "--format", "json")
    assert done.code == 1
    assert done.json["status"] == "failed"
    assert said.partition("\n")[0] in done.json["messages"][0]


def test_compose_builds_where_buildx_is_not(wye: Wye, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FAIL", "buildx")
    assert wye("flow.py", "--network", "host").code == 0
    command, form = told()[:2]
    assert command == "compose -p wye-build -f - build"
    (service,) = json.loads(form)["services"].values()
    assert service["build"] == {"context": str(tmp_path / "build/flow/images/flow"), "network": "host"}


def test_credentials_are_handed_on_as_secrets(wye: Wye, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("machine x password nothing\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("PIP_INDEX_URL", "https://me:hunter2@x.example.com/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "https://a https://b\n")
    done = wye("flow.py")
    assert done.code == 0
    notes = "\n".join(told())
    assert "index-url = https://me:hunter2@x.example.com/simple\nextra-index-url = https://a https://b\n" in notes
    assert "machine x password nothing" in notes
    assert not [p for p in written() if b"hunter2" in Path(p).read_bytes()]
    assert "hunter2" not in done.out + done.err
    places = [w.partition("src=")[2] for line in told() for w in line.split() if w.startswith("id=pip.conf")]
    assert places
    assert not [p for p in places if Path(p).exists()], "it is gone afterwards"
    monkeypatch.setenv("NETRC", "/nowhere/netrc")
    assert "$NETRC names no file" in wye("flow.py").err


@pytest.mark.parametrize(
    ("toml", "arguments", "said"),
    [
        ("", ["flow.py"], "the programs of `flow` travel with its artifacts: there is nothing to build\nhelp: to have them in images"),
        ("[code]\npackaging = 'tree'\n", ["flow.py", "-t", "docker"], "there is nothing to build"),
        (IMAGE, ["flow.py", "-t", "airflow"], "airflow needs no images: workers run steps without containers"),
        (IMAGE, ["flow.py", "-t", "local"], "local needs no images"),
    ],
)
def test_nothing_to_build(wye: Wye, toml: str, arguments: list[str], said: str) -> None:
    Path("wye.toml").write_text(toml)
    done = wye(*arguments)
    assert (done.code, told(), written()) == (1, [], [])
    assert said in done.err


def test_problems_of_the_source(wye: Wye) -> None:
    Path("bad.py").write_text(FLOW.replace("twice(load())", "twice(lod())"))
    for arguments in (["bad.py"], ["flow.py", "bad.py"]):
        done = wye(*arguments)
        assert (done.code, told(), written()) == (1, [], [])
        assert "bad.py:16" in done.err
        done = wye(*arguments, "--format", "json")
        assert done.code == 1
        assert done.json["diagnostics"]


def test_a_target_that_nobody_named_may_refuse(wye: Wye) -> None:
    Path("flow.py").write_text(FLOW.replace("@pipeline", '@pipeline(on_failure="continue")'))
    assert wye("flow.py", "--no-build").code == 0
    done = wye("flow.py", "--no-build", "-t", "kubeflow")
    assert done.code == 1
    assert "WYE4001" in done.err


def test_several_pipelines(wye: Wye) -> None:
    Path("more.py").write_text(FLOW.replace("def flow", "def more"))
    done = wye("flow.py", "more.py", "--format", "json")
    assert done.code == 0
    assert {i["pipeline"] for i in done.json["images"]} == {"flow", "more"}
    assert {p.split("/")[1] for p in written()} == {"flow", "more"}


# --- texts that mean something ----------------------------------------------------------------------------------------------------------

BUILD = Build("r/a:1", Path("/tmp/a $b 'c' \"d\""), None, None)


def test_folders_are_words_whatever_stands_in_them() -> None:
    assert buildx_command(BUILD, {"netrc": Path("/x y/netrc")})[-3:] == ["--secret", "id=netrc,src=/x y/netrc", str(BUILD.folder)]
    assert by_hand(BUILD).endswith(" '/tmp/a $b '\"'\"'c'\"'\"' \"d\"'")
    form = json.loads(compose_file(BUILD, {}))
    assert form["services"]["image"]["build"]["context"] == "/tmp/a $$b 'c' \"d\"", "compose reads `$$` as `$`"


def test_what_pip_is_told_is_one_line_each() -> None:
    assert pip_secret({"PIP_INDEX_URL": "https://x\n[install]\nindex-url = y", "PIP_CERT": "/x"}) == (
        "[global]\nindex-url = https://x [install] index-url = y\n"
    )
    assert pip_secret({"PIP_INDEX_URL": " ", "HOME": "x"}) is None
