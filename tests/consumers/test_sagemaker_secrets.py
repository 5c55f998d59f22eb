"""The request to Secrets Manager is signed as botocore signs it; what is answered becomes the secret, and what goes wrong is said."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from wye.testing.environments import engine
from wye_targets.sagemaker import secretsmanager

BOTOCORE = """\
import datetime, json, sys
import botocore.auth, botocore.awsrequest, botocore.credentials
given = json.load(sys.stdin)
class Clock(datetime.datetime):
    @classmethod
    def utcnow(cls): return cls.strptime(given["time"], "%Y%m%dT%H%M%SZ")
    @classmethod
    def now(cls, tz=None): return cls.utcnow()
botocore.auth.datetime = type("module", (), {"datetime": Clock})
if hasattr(botocore.auth, "get_current_datetime"):
    botocore.auth.get_current_datetime = lambda remove_tzinfo=True: Clock.utcnow()
headers = {k: v for k, v in given["headers"].items() if k != "host"}
request = botocore.awsrequest.AWSRequest("POST", "https://" + given["headers"]["host"] + "/", headers, given["body"])
keys = botocore.credentials.Credentials(*given["keys"])
botocore.auth.SigV4Auth(keys, "secretsmanager", given["region"]).add_auth(request)
print(request.headers["Authorization"])
"""


@pytest.mark.parametrize("token", ["", "a/token+=="])
def test_the_signature_is_botocores(token: str) -> None:
    python = engine("botocore", ["botocore==1.44.5"])
    headers = {
        "content-type": "application/x-amz-json-1.1",
        "host": "secretsmanager.eu-west-1.amazonaws.com",
        "x-amz-target": "secretsmanager.GetSecretValue",
    }
    now = time.strptime("20260102T030405Z", "%Y%m%dT%H%M%SZ")
    body = json.dumps({"SecretId": "warehouse-password"}).encode()
    ours = secretsmanager.signed(headers, body, "eu-west-1", ("AKID", "secret/key", token), now)
    given = {"headers": headers, "body": body.decode(), "region": "eu-west-1", "keys": ["AKID", "secret/key", *([token] if token else [])]}
    done = subprocess.run([python, "-c", BOTOCORE], input=json.dumps({**given, "time": "20260102T030405Z"}), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ours["authorization"]


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Secrets Manager, and the address that gives a job its credentials, on this machine."""
    told: dict[str, Any] = {"asked": [], "answers": []}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(200, {"AccessKeyId": "AKID", "SecretAccessKey": "secret", "Token": "token"})

        def do_POST(self) -> None:
            told["asked"].append((dict(self.headers), json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.answer(*told["answers"].pop(0))

        def answer(self, code: int, content: Any) -> None:
            self.send_response(code)
            self.end_headers()
            self.wfile.write(json.dumps(content).encode())

        def log_message(self, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    for name in ("AWS_ACCESS_KEY_ID", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", address)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/credentials")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setattr(secretsmanager, "CONTAINER", address)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    yield told
    server.shutdown()
    server.server_close()


def test_a_secret_and_its_entries(service: dict[str, Any]) -> None:
    service["answers"] = [
        (200, {"SecretString": "it's {{ $HOME"}),
        (200, {"SecretString": '{"api": "key", "port": 7}'}),
        (200, {"SecretBinary": "YWI="}),
    ]
    assert secretsmanager.value("warehouse", None) == "it's {{ $HOME"
    assert secretsmanager.value("tokens", "port") == "7"
    assert secretsmanager.value("raw", None) == "ab"
    headers, arguments = service["asked"][0]
    assert arguments == {"SecretId": "warehouse"}
    assert "/eu-west-1/secretsmanager/aws4_request" in headers["Authorization"]
    assert headers["X-Amz-Security-Token"] == "token"


def test_what_goes_wrong(service: dict[str, Any]) -> None:
    service["answers"] = [
        (503, {}),
        (200, {"SecretString": "x"}),
        (400, {"__type": "ResourceNotFoundException"}),
        (200, {"SecretString": "[]"}),
    ]
    assert secretsmanager.value("busy", None) == "x"
    with pytest.raises(OSError, match="ResourceNotFoundException"):
        secretsmanager.value("none", None)
    with pytest.raises(ValueError, match="no entry 'a'"):
        secretsmanager.value("list", "a")
