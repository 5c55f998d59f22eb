"""Runs one task in a container of Vertex AI: what `wye_kfp.py` does, with copies of its own of what it reads, with secrets from Secret
Manager, and within the time of the run.

Embedded in every executor; standard library only, Python 3.9 to 3.14.
"""

from __future__ import annotations

import base64
import datetime
import json
import math
import os
import re
import signal
import sys
import tempfile
import time
import urllib.error
import urllib.request
from typing import Any

import wye_kfp as kfp  # type: ignore[import-not-found]  # it is in the container

CREATED = "wye-run-created"
# A time of UTC, unless it says how far from that it is; Python 3.9 reads neither every fraction nor a `Z`.
TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|UTC| UTC|([+-]\d\d:\d\d))?")
NEVER = ("0001-01-01", "1970-01-01")
STOPPED = ("CANCEL_PENDING", "CANCELLING", "CANCELLED")  # by somebody
PAUSES = (1, 2, 4)  # seconds before another request: the metadata server may not answer at once


def main(arguments: list[str], folder: str) -> int:
    """`arguments`: the executor input, the task, the program's files. `folder` holds the unpacked runtime."""
    try:
        executor = json.loads(arguments[0], parse_int=kfp.integer)
        task, program = kfp.unpack(arguments[1:], os.path.join(folder, "program"))
        parameters = executor.get("inputs", {}).get("parameterValues", {})
        task.update(json.loads(parameters.get("wye-call", "{}")))
        if isinstance(parameters.get(kfp.STATUS), str):
            parameters[kfp.STATUS] = json.loads(parameters[kfp.STATUS])
        if parameters.get(kfp.STATUS, {}).get("state") in STOPPED:
            parameters[kfp.STATUS]["state"] = kfp.SUCCEEDED[0]  # it has not failed
        for name in task.get("guards", ()):
            parameters.setdefault(name, "")  # in case the service leaves out what is empty
        due(parameters)
        if not idle(task, parameters):
            own_copies(task, executor, parameters)
            os.environ.update(secrets(task))
            within(task, parameters)
        return int(kfp.run(executor, task, program, folder))
    except kfp.Refused as error:
        print(f"error: {error}", file=sys.stderr)
        return int(error.code)


def idle(task: dict[str, Any], parameters: dict[str, Any]) -> bool:
    """Whether there is nothing to do: a loop without items, a run that has not failed."""
    if kfp.STATUS in parameters and parameters[kfp.STATUS].get("state") in kfp.SUCCEEDED:
        return True
    return any(parameters[name] == "" for name in task.get("guards", ()))


# --- artifacts: /gcs is the bucket itself, mounted ------------------------------------------------------------------------------


def own_copies(task: dict[str, Any], executor: dict[str, Any], parameters: dict[str, Any]) -> None:
    """A step may write to what it gets, and others read the same objects: each task gets copies."""
    for name, source in task["inputs"].items():
        if source["as"] not in ("file", "files"):
            continue
        given = executor["inputs"]["artifacts"][name]
        found = given["artifacts"]
        if "index" not in source:
            given["artifacts"] = [copied(a) for a in found]
        elif source["as"] == "files":
            real = [a for a in found if not os.path.exists(os.path.join(kfp.local_path(a), kfp.NOTHING))]
            given["artifacts"] = [copied(real[int(parameters[source["index"]])])] * len(real)
        else:
            given["artifacts"] = [copied(found[0], str(int(parameters[source["index"]])))]


def copied(artifact: dict[str, Any], element: str | None = None) -> dict[str, Any]:
    """The artifact where a copy of it is; of a list's elements, that one alone."""
    source, target = kfp.local_path(artifact), os.path.join(tempfile.mkdtemp(), "artifact")
    if element is None:
        kfp.copy(source, target)
    else:
        os.mkdir(target)
        for name in os.listdir(source):
            if name.partition(".")[0] == element:
                kfp.copy(os.path.join(source, name), os.path.join(target, name))
    return dict(artifact, customPath=target)


# --- secrets ----------------------------------------------------------------------------------------------------------------------


def secrets(task: dict[str, Any]) -> dict[str, str]:
    """Variables of secrets: the latest versions in Secret Manager, which the account that the task runs as may read.

    https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions/access
    """
    wanted = task.get("secrets", ())
    if not wanted:
        return {}
    host = os.environ.get("GCE_METADATA_HOST", "metadata.google.internal")
    place = f"http://{host}/computeMetadata/v1/instance/service-accounts/default/token"
    token = asked(place, {"Metadata-Flavor": "Google"}, "the metadata server")["access_token"]
    service = os.environ.get("CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER", "https://secretmanager.googleapis.com/").rstrip("/")
    project = task.get("project") or os.environ.get("CLOUD_ML_PROJECT_ID")
    if not project:
        raise kfp.Refused(2, "the project of the secrets is not known: name it in the stack, `project`")
    found = {}
    for secret in wanted:
        url = f"{service}/v1/projects/{project}/secrets/{secret['name']}/versions/latest:access"
        answer = asked(url, {"Authorization": f"Bearer {token}"}, f"secret {secret['name']!r} of the project {project}")
        found[secret["env"]] = entry(secret, base64.b64decode(answer["payload"]["data"]))
    return found


def entry(secret: dict[str, Any], data: bytes) -> str:
    """What the variable is: the secret, or the member `key` of the JSON object that it is."""
    if secret.get("key") is None:
        return os.fsdecode(data)
    try:
        value = json.loads(data)[secret["key"]]
    except (ValueError, TypeError, LookupError):
        raise kfp.Refused(2, f"secret {secret['name']!r} is no JSON object with the member {secret['key']!r}") from None
    return value if isinstance(value, str) else json.dumps(value)


def asked(url: str, headers: dict[str, str], what: str) -> Any:
    for pause in (*PAUSES, None):
        try:
            with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if pause is None or (error.code < 500 and error.code != 429):
                hint = ": may the account that tasks run as read it (roles/secretmanager.secretAccessor)?" if error.code == 403 else ""
                raise kfp.Refused(2, f"{what}: HTTP {error.code}{hint}") from None
        except (OSError, ValueError) as error:
            if pause is None:
                raise kfp.Refused(2, f"{what}: {error}") from None
        time.sleep(pause or 0)


# --- the times of a run -----------------------------------------------------------------------------------------------------------


def due(parameters: dict[str, Any]) -> None:
    """Put in when the run was created, unless a schedule started it."""
    if kfp.RUN_TIME in parameters:
        parameters[kfp.RUN_TIME] = moment(parameters[kfp.RUN_TIME]) or moment(parameters[CREATED]) or ""


def moment(text: Any) -> str | None:
    """What the service says as an ISO time with its offset, in whole seconds; None if it is no time, or the one that stands for none."""
    found = TIME.fullmatch(str(text))
    return None if not found or found[1] in NEVER else f"{found[1]}T{found[2]}{found[3] or '+00:00'}"


def within(task: dict[str, Any], parameters: dict[str, Any]) -> None:
    """End with the run's time, which counts from when the run was created."""
    if "deadline" not in task:
        return
    text = moment(parameters[CREATED])
    if text is None:
        raise kfp.Refused(2, f"the service does not tell when the run was created, and its time is limited: {parameters[CREATED]!r}")
    created = datetime.datetime.fromisoformat(text)
    left = created.timestamp() + task["deadline"] - time.time()

    def late(number: int, frame: Any) -> None:
        raise kfp.Refused(124, f"the run took longer than {task['deadline']:g} s")

    if left <= 0:
        late(0, None)
    signal.signal(signal.SIGALRM, late)
    signal.alarm(math.ceil(left))
