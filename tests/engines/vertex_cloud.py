"""A specification for Vertex AI and what its secrets hold in; the variables of containers that find a metadata server and a Secret Manager
with them out."""

from __future__ import annotations

import base64
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import yaml

from wye_targets._kfp import adapter

TOKEN = "ya29.token"
PROJECT = "123456"


@contextmanager
def cloud(spec: str, variables: dict[str, str]) -> Iterator[dict[str, str]]:
    """`variables`: what the variables of secrets are to hold; what is no secret's stays a variable."""
    secrets: dict[str, Any] = {}
    named: set[str] = set()
    for secret in _secrets(yaml.load(spec, yaml.CSafeLoader)):
        named.add(secret["env"])
        if secret["env"] not in variables:
            continue
        value = variables[secret["env"]]
        if secret.get("key") is None:
            secrets[secret["name"]] = value
        else:
            secrets.setdefault(secret["name"], {})[secret["key"]] = value
    if not named:
        yield variables
        return

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, answer = found(self.path, dict(self.headers), secrets)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    host = f"127.0.0.1:{server.server_port}"
    told = {"GCE_METADATA_HOST": host, "CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER": f"http://{host}/", "CLOUD_ML_PROJECT_ID": PROJECT}
    try:
        yield {k: v for k, v in variables.items() if k not in named} | told
    finally:
        server.shutdown()
        server.server_close()


def found(path: str, headers: dict[str, str], secrets: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    if path == "/computeMetadata/v1/instance/service-accounts/default/token":
        good = headers.get("Metadata-Flavor") == "Google" or headers.get("Metadata-flavor") == "Google"
        return (200, {"access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer"}) if good else (403, {})
    if headers.get("Authorization") != f"Bearer {TOKEN}":
        return 401, {}
    before, after = f"/v1/projects/{PROJECT}/secrets/", "/versions/latest:access"
    name = path.removeprefix(before).removesuffix(after)
    if not path.startswith(before) or not path.endswith(after) or name not in secrets:
        return 404, {}
    text = secrets[name] if isinstance(secrets[name], str) else json.dumps(secrets[name])
    return 200, {"name": path, "payload": {"data": base64.b64encode(os.fsencode(text)).decode()}}


def _secrets(spec: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for executor in spec["deploymentSpec"]["executors"].values():
        task, _ = adapter.unpack(executor["container"]["args"][1:2], "")
        yield from task.get("secrets", ())
