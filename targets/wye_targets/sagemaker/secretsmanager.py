"""The name of a secret in; what AWS Secrets Manager holds under it out, by one signed request of the standard library.

Credentials are those of the job's role, as the AWS SDKs find them: variables, else the address that the container is told.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import time
import urllib.error
import urllib.request

SERVICE = "secretsmanager"
CONTAINER = "http://169.254.170.2"
TIMES = 3
"""How often a request is made at most."""


def value(name: str, key: str | None, ml: str = "/opt/ml") -> str:
    """The secret, or its entry `key`. Raises OSError, ValueError or KeyError."""
    found = call("GetSecretValue", {"SecretId": name}, region(ml))
    text = found["SecretString"] if "SecretString" in found else base64.b64decode(found["SecretBinary"]).decode("utf-8")
    if key is None:
        return str(text)
    entries = json.loads(text)
    if not isinstance(entries, dict) or key not in entries:
        raise ValueError(f"it has no entry {key!r}")
    return entries[key] if isinstance(entries[key], str) else json.dumps(entries[key])


def region(ml: str) -> str:
    """Where the job runs: a variable, else a part of the job's own name."""
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        if os.environ.get(variable):
            return os.environ[variable]
    with open(os.path.join(ml, "config", "processingjobconfig.json"), encoding="utf-8") as file:
        parts = str(json.load(file)["ProcessingJobArn"]).split(":")
    if len(parts) < 6:
        raise ValueError("the job does not say which region it is in")
    return parts[3]


def credentials() -> tuple[str, str, str]:
    """Access key, secret key, token."""
    if "AWS_ACCESS_KEY_ID" in os.environ:
        return os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"], os.environ.get("AWS_SESSION_TOKEN", "")
    full = os.environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI")
    address = full or CONTAINER + os.environ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"]
    request = urllib.request.Request(address)
    token = os.environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN")
    if token:
        request.add_header("Authorization", token)
    found = json.loads(answer(request))
    return found["AccessKeyId"], found["SecretAccessKey"], found.get("Token", "")


def call(action: str, arguments: dict[str, str], region: str) -> dict[str, str]:
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    address = (
        os.environ.get("AWS_ENDPOINT_URL_SECRETS_MANAGER") or os.environ.get("AWS_ENDPOINT_URL") or f"https://{SERVICE}.{region}.{domain}"
    )
    body = json.dumps(arguments).encode("utf-8")
    host = address.split("://", 1)[1].rstrip("/")
    headers = {"content-type": "application/x-amz-json-1.1", "host": host, "x-amz-target": f"{SERVICE}.{action}"}
    request = urllib.request.Request(
        address.rstrip("/") + "/", body, signed(headers, body, region, credentials(), time.gmtime()), method="POST"
    )
    found: dict[str, str] = json.loads(answer(request))
    return found


def signed(headers: dict[str, str], body: bytes, region: str, keys: tuple[str, str, str], now: time.struct_time) -> dict[str, str]:
    """The headers of a POST to `/` with a signature (version 4)."""
    access, secret, token = keys
    moment = time.strftime("%Y%m%dT%H%M%SZ", now)
    scope = f"{moment[:8]}/{region}/{SERVICE}/aws4_request"
    headers = {**headers, "x-amz-date": moment, **({"x-amz-security-token": token} if token else {})}
    names = ";".join(sorted(headers))
    lines = "".join(f"{n}:{headers[n]}\n" for n in sorted(headers))
    whole = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(whole.encode()).hexdigest()}"
    mac = ("AWS4" + secret).encode()
    for part in (*scope.split("/"), text):
        mac = hmac.new(mac, part.encode(), hashlib.sha256).digest()
    found = f"AWS4-HMAC-SHA256 Credential={access}/{scope}, SignedHeaders={names}, Signature={mac.hex()}"
    return {**headers, "authorization": found}


def answer(request: urllib.request.Request) -> str:
    """What the other side says; asked again when it is out of order. Raises OSError with what it complains about."""
    for attempt in range(TIMES):
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return str(response.read().decode("utf-8"))
        except urllib.error.HTTPError as error:
            text = error.read().decode("utf-8", "replace")[:500]
            if error.code < 500 or attempt == TIMES - 1:
                raise OSError(f"{error.code} {text}") from None
        except OSError:
            if attempt == TIMES - 1:
                raise
        time.sleep(2**attempt)
    raise AssertionError
