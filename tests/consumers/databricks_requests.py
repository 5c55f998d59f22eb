"""Runs in an environment with databricks-sdk: requests to Databricks and their answers as JSON lines in; for each what the vendor's own
code finds out.

The SDK's method is called with what the request's body or query has; what it would send must be the same, and it must understand the
answer. A line is `{"method", "path", "query", "body", "answer"}`; the answer `{"problems": […]}`.
"""

import json
import sys
import types

from databricks.sdk.service import iam, jobs, workspace


class Recorder:
    """In place of the SDK's connection."""

    _cfg = types.SimpleNamespace(workspace_id=None, host_type=None)

    def __init__(self, answer):
        self.answer, self.sent = answer, []

    def do(self, method, path, query=None, headers=None, body=None, **others):
        self.sent.append((method, path, query, body))
        return self.answer


def imported(api, body):
    enums = {"format": workspace.ImportFormat, "language": workspace.Language}
    workspace.WorkspaceAPI(api).import_(**{k: enums[k](v) if k in enums else v for k, v in body.items()})


def created(api, body):
    settings = jobs.JobSettings.from_dict(body)
    jobs.JobsAPI(api).create(**{k: getattr(settings, k) for k in body})


def asked(method):
    """A run that is asked for, by its number; the answer must be one that the SDK gives back as it is."""

    def ask(api, query):
        found = getattr(jobs.JobsAPI(api), method)(int(query["run_id"]))
        if found.as_dict() != api.answer:
            raise ValueError(f"the answer is understood as {found.as_dict()}")

    return ask


CALLS = {
    ("GET", "/api/2.0/preview/scim/v2/Me"): lambda api, _: iam.CurrentUserAPI(api).me(),
    ("POST", "/api/2.0/workspace/mkdirs"): lambda api, body: workspace.WorkspaceAPI(api).mkdirs(**body),
    ("POST", "/api/2.0/workspace/import"): imported,
    ("POST", "/api/2.0/workspace/delete"): lambda api, body: workspace.WorkspaceAPI(api).delete(**body),
    ("POST", "/api/2.2/jobs/create"): created,
    ("POST", "/api/2.2/jobs/run-now"): lambda api, body: jobs.JobsAPI(api).run_now(**body),
    ("GET", "/api/2.2/jobs/runs/get"): asked("get_run"),
    ("GET", "/api/2.2/jobs/runs/get-output"): asked("get_run_output"),
    ("POST", "/api/2.2/jobs/runs/cancel"): lambda api, body: jobs.JobsAPI(api).cancel_run(**body),
    ("POST", "/api/2.2/jobs/delete"): lambda api, body: jobs.JobsAPI(api).delete(**body),
}


def problems(line):
    api = Recorder(line["answer"])
    try:
        CALLS[line["method"], line["path"]](api, line["body"] or line["query"])
    except Exception as error:
        return [f"{line['path']}: {type(error).__name__}: {error}"]
    query = {k: int(v) for k, v in line["query"].items()}
    sent = (line["method"], line["path"], query or None, line["body"])
    found = [(m, p, q or None, b or None) for m, p, q, b in api.sent]
    return [] if found == [sent] else [f"{line['path']}: the SDK sends {found}, not {sent}"]


for text in sys.stdin:
    print(json.dumps({"problems": problems(json.loads(text))}))
