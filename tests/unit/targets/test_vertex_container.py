"""What a container of Vertex AI does beside the adapter that it shares: secrets of a cloud that is none, the times of a run, copies."""

from __future__ import annotations

import base64
import datetime
import importlib
import io
import json
import signal
import sys
import time
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from wye_targets._kfp import adapter

TOKEN = "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token"
MANAGER = "https://secretmanager.googleapis.com/v1/projects"


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The module as the container has it: beside the adapter, by the name that it has there."""
    monkeypatch.setitem(sys.modules, "wye_kfp", adapter)
    monkeypatch.delitem(sys.modules, "wye_targets.vertex.container", raising=False)
    for name in ("GCE_METADATA_HOST", "CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER", "CLOUD_ML_PROJECT_ID"):
        monkeypatch.delenv(name, raising=False)
    module = importlib.import_module("wye_targets.vertex.container")
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    yield module
    signal.alarm(0)


class Cloud:
    """Answers by address: a status and a body each, the last one again and again."""

    def __init__(self, box: Any, monkeypatch: pytest.MonkeyPatch, **secrets: str) -> None:
        self.answers: dict[str, list[tuple[int, Any]]] = {TOKEN: [(200, {"access_token": "t"})]}
        self.asked: list[tuple[str, dict[str, str]]] = []
        for name, text in secrets.items():
            self.answers[f"{MANAGER}/p/secrets/{name}/versions/latest:access"] = [
                (200, {"payload": {"data": base64.b64encode(text.encode("utf-8", "surrogateescape")).decode()}})
            ]
        monkeypatch.setattr(box.urllib.request, "urlopen", self.urlopen)

    def urlopen(self, request: Any, timeout: float) -> io.BytesIO:
        self.asked.append((request.full_url, dict(request.headers)))
        answers = self.answers.get(request.full_url, [(404, {})])
        status, body = answers.pop(0) if len(answers) > 1 else answers[0]
        if status == 0:
            raise OSError("no route")
        if status != 200:
            raise urllib.error.HTTPError(request.full_url, status, "", {}, None)  # type: ignore[arg-type]
        return io.BytesIO(json.dumps(body).encode())


def task(*secrets: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"secrets": list(secrets), "project": "p", **more}


def secret(name: str, key: str | None = None) -> dict[str, Any]:
    return {"name": name, "env": name.upper(), "key": key}


def test_secrets_are_the_latest_versions(box: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = Cloud(box, monkeypatch, pw="é $HOME {{ds}}\n\udcff", db='{"user": "u", "port": 5432, "none": null}')
    found = box.secrets(task(secret("pw"), secret("db", "user"), {**secret("db", "port"), "env": "PORT"}))
    assert found == {"PW": "é $HOME {{ds}}\n\udcff", "DB": "u", "PORT": "5432"}
    assert cloud.asked[0] == (TOKEN, {"Metadata-flavor": "Google"})
    assert {headers["Authorization"] for _, headers in cloud.asked[1:]} == {"Bearer t"}


def test_a_task_without_secrets_asks_nobody(box: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = Cloud(box, monkeypatch)
    assert box.secrets({}) == {}
    assert cloud.asked == []


def test_the_project_is_the_runs_unless_the_stack_names_it(box: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = Cloud(box, monkeypatch)
    cloud.answers[f"{MANAGER}/789/secrets/pw/versions/latest:access"] = [(200, {"payload": {"data": "eA=="}})]
    monkeypatch.setenv("CLOUD_ML_PROJECT_ID", "789")
    assert box.secrets({"secrets": [secret("pw")]}) == {"PW": "x"}
    monkeypatch.delenv("CLOUD_ML_PROJECT_ID")
    with pytest.raises(adapter.Refused, match="name it in the stack"):
        box.secrets({"secrets": [secret("pw")]})


@pytest.mark.parametrize(("before", "tries"), [([(503, {})], 2), ([(0, {}), (429, {}), (500, {})], 4)])
def test_what_may_pass_is_asked_again(before: list[tuple[int, Any]], tries: int, box: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = Cloud(box, monkeypatch, pw="x")
    cloud.answers[TOKEN] = before + cloud.answers[TOKEN]
    assert box.secrets(task(secret("pw"))) == {"PW": "x"}
    assert [url for url, _ in cloud.asked].count(TOKEN) == tries


@pytest.mark.parametrize(
    ("answer", "what", "tries"),
    [
        (403, "HTTP 403: may the account .*secretAccessor", 1),
        (404, "secret 'pw' of the project p: HTTP 404", 1),
        (503, "503", 4),
        (0, "no route", 4),
    ],
)
def test_what_does_not_pass_fails_the_task(answer: int, what: str, tries: int, box: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = Cloud(box, monkeypatch, pw="x")
    cloud.answers = {url: [(200, {"access_token": "t"}) if url == TOKEN else (answer, {})] for url in cloud.answers}
    with pytest.raises(adapter.Refused, match=what) as refused:
        box.secrets(task(secret("pw")))
    assert (refused.value.code, len(cloud.asked)) == (2, 1 + tries)


@pytest.mark.parametrize("text", ["plain", "[1]", "{}", "", "\udcff"])
def test_a_member_that_is_not_there_is_refused(text: str, box: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    Cloud(box, monkeypatch, pw=text)
    with pytest.raises(adapter.Refused, match="no JSON object with the member 'k'"):
        box.secrets(task(secret("pw", "k")))


# --- times ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-03-01T06:00:00Z", "2026-03-01T06:00:00+00:00"),
        ("2026-03-01T06:00:00.123456789Z", "2026-03-01T06:00:00+00:00"),
        ("2026-03-01T06:00:00", "2026-03-01T06:00:00+00:00"),
        ("2026-03-01 06:00:00 UTC", "2026-03-01T06:00:00+00:00"),
        ("2026-03-01T06:00:00.5+05:30", "2026-03-01T06:00:00+05:30"),
        ("1970-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00Z", None),
        ("{{$.pipeline_job_schedule_time_utc}}", None),
        ("", None),
        ("yes", None),
    ],
)
def test_times_in_whatever_form(text: str, found: str | None, box: Any) -> None:
    assert box.moment(text) == found
    created = "2026-01-02T03:04:05Z"
    parameters = {adapter.RUN_TIME: text, box.CREATED: created}
    box.due(parameters)
    assert parameters[adapter.RUN_TIME] == (found or "2026-01-02T03:04:05+00:00"), "a run that nobody scheduled is due when it is created"


def test_a_run_of_which_nothing_is_known_has_no_time(box: Any) -> None:
    parameters = {adapter.RUN_TIME: "{{x}}", box.CREATED: "{{y}}"}
    box.due(parameters)
    assert parameters[adapter.RUN_TIME] == ""
    with pytest.raises(adapter.Refused, match="give 'day'"):
        adapter.entry("day", {"as": "time"}, {**parameters, "day": adapter.SCHEDULED}, {})
    box.due(other := {})
    assert other == {}


def test_a_task_ends_with_its_run(box: Any) -> None:
    now = datetime.datetime.now(datetime.UTC)
    with pytest.raises(adapter.Refused, match="the run took longer than 60 s") as refused:
        box.within({"deadline": 60.0}, {box.CREATED: (now - datetime.timedelta(seconds=61)).isoformat()})
    assert refused.value.code == 124
    box.within({"deadline": 3600.0}, {box.CREATED: now.isoformat()})
    assert 3590 < signal.alarm(0) <= 3601
    box.within({}, {})
    with pytest.raises(adapter.Refused, match="does not tell when the run was created"):
        box.within({"deadline": 60.0}, {box.CREATED: "{{x}}"})


# --- tasks that do nothing, and copies --------------------------------------------------------------------------------------------


def test_neither_a_loop_over_nothing_nor_a_handler_without_a_failure_asks_for_secrets(box: Any) -> None:
    assert box.idle({"guards": ["x"]}, {"x": ""})
    assert not box.idle({"guards": ["x"]}, {"x": '""'})
    assert box.idle({}, {adapter.STATUS: {"state": "SUCCEEDED"}})
    assert not box.idle({}, {adapter.STATUS: {"state": "FAILED"}})
    assert not box.idle({}, {})


@pytest.mark.parametrize(("state", "ran"), [("FAILED", True), ("SUCCEEDED", False), ("CANCELLED", False)])
def test_a_handler_runs_when_the_run_has_failed_and_not_when_it_was_stopped(state: str, ran: bool, box: Any, tmp_path: Path) -> None:
    form = {"wye": 1, "op": "pass", "inputs": {"value": {"as": "text"}}}
    form["outputs"] = [{"name": "out", "key": "Output", "format": "json", "type": "str"}]
    executor = {
        "inputs": {"parameterValues": {"value": '"x"', adapter.STATUS: json.dumps({"state": state})}},
        "outputs": {"parameters": {"Output": {"outputFile": str(tmp_path / "said")}}},
    }
    assert box.main([json.dumps(executor), json.dumps(form)], str(tmp_path)) == 0
    assert (tmp_path / "said").read_text() == ('"x"' if ran else "")


@pytest.mark.parametrize("values", [{"item": ""}, {}])
def test_an_iteration_without_an_item_does_nothing_also_where_an_empty_text_does_not_arrive(
    values: dict[str, str], box: Any, tmp_path: Path
) -> None:
    form = {"wye": 1, "op": "call", "inputs": {"item": {"as": "text"}}, "guards": ["item"], "secrets": [secret("pw")]}
    form["outputs"] = [{"name": "out", "key": "Output", "format": "json", "type": "str"}]
    outputs = {"parameters": {"Output": {"outputFile": str(tmp_path / "said")}}}
    executor = {"inputs": {"parameterValues": values}, "outputs": outputs}
    assert box.main([json.dumps(executor), json.dumps(form)], str(tmp_path)) == 0
    assert (tmp_path / "said").read_text() == ""


def given(*folders: Path) -> dict[str, Any]:
    return {"inputs": {"artifacts": {"x": {"artifacts": [{"uri": str(f), "name": f.name} for f in folders]}}}}


def places(executor: dict[str, Any]) -> list[Path]:
    return [Path(a["customPath"]) for a in executor["inputs"]["artifacts"]["x"]["artifacts"]]


def test_who_reads_an_artifact_gets_a_copy(box: Any, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    for name in ("0.json", "1.json", "10.json"):
        (whole / name).parent.mkdir(exist_ok=True)
        (whole / name).write_text(name)
    file = tmp_path / "file"
    file.write_text("f")
    executor = given(whole, file)
    box.own_copies({"inputs": {"x": {"as": "files"}, "n": {"as": "text"}}}, executor, {})
    copies = places(executor)
    assert [sorted(p.name for p in copies[0].iterdir()), copies[1].read_text()] == [["0.json", "1.json", "10.json"], "f"]
    copies[1].write_text("changed")
    assert file.read_text() == "f"


def test_of_several_only_the_one_that_is_read_is_copied(box: Any, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    whole.mkdir()
    for name in ("0.json", "1.json", "10.json"):
        (whole / name).write_text(name)
    executor = given(whole)
    box.own_copies({"inputs": {"x": {"as": "file", "index": "i"}}}, executor, {"i": 1.0})
    assert [p.name for p in places(executor)[0].iterdir()] == ["1.json"]
    nothing, one, two = (tmp_path / n for n in ("nothing", "one", "two"))
    for folder in (nothing, one, two):
        folder.mkdir()
        (folder / (adapter.NOTHING if folder is nothing else "value")).write_text(folder.name)
    executor = given(nothing, one, two)
    box.own_copies({"inputs": {"x": {"as": "files", "index": "i"}}}, executor, {"i": 1})
    assert {(p / "value").read_text() for p in places(executor)} == {"two"}


def test_what_is_wrong_is_said_and_the_exit_code_tells(box: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    form = {"wye": 1, "op": "pass", "inputs": {}, "outputs": [], "deadline": 1.0}
    executor = {"inputs": {"parameterValues": {box.CREATED: "2020-01-01T00:00:00Z"}}, "outputs": {}}
    assert box.main([json.dumps(executor), json.dumps(form)], str(tmp_path)) == 124
    assert "error: the run took longer than 1 s" in capsys.readouterr().err
    assert box.main([json.dumps(executor), json.dumps({k: v for k, v in form.items() if k != "deadline"})], str(tmp_path)) == 0
