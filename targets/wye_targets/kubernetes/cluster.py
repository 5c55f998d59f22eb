"""The Kubernetes API in few calls: objects in and out as JSON, a watch that outlives what breaks. Only the standard library, 3.9 to 3.14.

Calls block: the driver makes them in threads. What may pass (no connection, 429, 5xx) is tried again until the cluster answers.
"""

from __future__ import annotations

import builtins
import http.client
import json
import os
import ssl
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from typing import Any

ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
PASSING = frozenset({408, 429, 500, 502, 503, 504})
SLOWEST = 30.0
"""Seconds between two tries, at most; and those that one call may take."""
WATCH = 240
"""Seconds after which the server ends a watch; it is begun again where it ended."""

Json = dict[str, Any]


class ApiError(Exception):
    """The API server refused; `status` and `reason` say how."""

    def __init__(self, status: int, reason: str, message: str, after: float = 0.0) -> None:
        super().__init__(message or reason or f"HTTP {status}")
        self.status, self.reason, self.after = status, reason, after


class Gone(Exception):
    """The version from which to watch is too old: list again."""


class Stopped(Exception):
    """The driver is ending: nobody waits for an answer."""


class Cluster:
    """The API of a namespace, spoken to as the pod's service account. The token is read for each request: it is replaced every hour."""

    def __init__(self, host: str, port: int, namespace: str, account: str | None, say: Callable[[str], None]) -> None:
        """Without an `account` it is plain HTTP."""
        self.host, self.port, self.namespace, self.account, self.say = host, port, namespace, account, say
        self.stopping = threading.Event()
        self.tls = ssl.create_default_context(cafile=os.path.join(account, "ca.crt")) if account else None

    def path(self, kind: str, name: str = "") -> str:
        """Of a kind of objects in the namespace (`jobs`, `pods`, `events`), or of one."""
        group = "/apis/batch/v1" if kind == "jobs" else "/api/v1"
        return f"{group}/namespaces/{self.namespace}/{kind}" + (f"/{name}" if name else "")

    def get(self, kind: str, name: str) -> Json:
        return self.call("GET", self.path(kind, name))

    def list(self, kind: str, **query: Any) -> Json:
        return self.call("GET", self.path(kind), query)

    def create(self, kind: str, body: Json) -> Json:
        return self.call("POST", self.path(kind), body=body)

    def patch(self, kind: str, name: str, body: Json) -> Json:
        return self.call("PATCH", self.path(kind, name), body=body, content="application/merge-patch+json")

    def delete(self, kind: str, name: str) -> None:
        """Delete an object and what belongs to it; it may be gone already."""
        try:
            self.call("DELETE", self.path(kind, name), body={"propagationPolicy": "Background"})
        except ApiError as error:
            if error.status != 404:
                raise

    def call(self, method: str, path: str, query: Json | None = None, body: Any = None, content: str = "application/json") -> Json:
        """One call, until the server has an answer. Raises `ApiError` when the answer is a refusal."""
        wait, refused = 0.5, 0
        while True:
            try:
                with self.request(method, path, query, body, content) as response:
                    answer: Json = json.loads(response.read() or b"{}")
                    return answer
            except ApiError as error:
                refused += error.status == 401  # a token that is being replaced
                if error.status not in PASSING and (error.status != 401 or refused == 5):
                    raise
                problem: Exception = error
                wait = max(wait, min(error.after, SLOWEST))
            except (OSError, http.client.HTTPException, ValueError) as error:
                problem = error
            self.say(f"the API server: {method} {path}: {problem or type(problem).__name__}; again in {wait:g} s")
            if self.stopping.wait(wait):
                raise Stopped from problem
            wait = min(wait * 2, SLOWEST)

    def request(self, method: str, path: str, query: Json | None, body: Any, content: str, patience: float = SLOWEST) -> Response:
        """One request; the response is open. Raises `ApiError`, OSError, HTTPException."""
        headers = {"Accept": "application/json", "User-Agent": "wye"}
        if self.account:
            with open(os.path.join(self.account, "token"), encoding="ascii") as file:
                headers["Authorization"] = "Bearer " + file.read().strip()
        data = None
        if body is not None:
            data, headers["Content-Type"] = json.dumps(body).encode("ascii"), content
        if self.tls:
            made: Any = http.client.HTTPSConnection(self.host, self.port, timeout=patience, context=self.tls)
        else:
            made = http.client.HTTPConnection(self.host, self.port, timeout=patience)
        try:
            made.request(method, path + ("?" + urllib.parse.urlencode(query) if query else ""), data, headers)
            response = Response(made, made.getresponse())
            if response.raw.status >= 400:
                raise refusal(response.raw)
            return response
        except BaseException:
            made.close()
            raise

    def follow(
        self, kind: str, selector: str, on_list: Callable[[builtins.list[Json]], None], on_event: Callable[[str, Json], None]
    ) -> None:
        """Tell of all objects that a selector finds and of each change, until the driver ends. What was missed shows in the next list."""
        query = {"labelSelector": selector}
        version = ""
        while not self.stopping.is_set():
            try:
                if not version:
                    listed = self.call("GET", self.path(kind), query)
                    version = listed["metadata"]["resourceVersion"]
                    on_list(listed["items"])
                for event in self.watch(kind, {**query, "resourceVersion": version}):
                    version = event["object"]["metadata"]["resourceVersion"]
                    if event["type"] != "BOOKMARK":
                        on_event(event["type"], event["object"])
                self.stopping.wait(0.1)
            except Stopped:
                return
            except Gone:
                version = ""
            except ApiError as error:
                if error.status not in PASSING and error.status not in (401, 410):
                    raise
                version = "" if error.status == 410 else version
                self.stopping.wait(max(1.0, error.after))
            except (OSError, http.client.HTTPException, ValueError, KeyError):  # a line cut short, a connection that broke
                self.stopping.wait(1.0)

    def watch(self, kind: str, query: Json) -> Iterator[Json]:
        """The events of one watch."""
        query = {**query, "watch": "1", "allowWatchBookmarks": "true", "timeoutSeconds": str(WATCH)}
        with self.request("GET", self.path(kind), query, None, "", WATCH + SLOWEST) as response:
            for line in response.lines():
                if self.stopping.is_set():
                    return
                event = json.loads(line)
                if event["type"] == "ERROR":
                    raise Gone if event["object"].get("code") in (410, None) else OSError(event["object"].get("message"))
                yield event


class Response:
    """An open response, and the connection that it is of."""

    def __init__(self, connection: Any, raw: Any) -> None:
        self.connection, self.raw = connection, raw

    def __enter__(self) -> Response:
        return self

    def __exit__(self, *_: Any) -> None:
        self.connection.close()

    def read(self) -> bytes:
        data: bytes = self.raw.read()
        return data

    def lines(self) -> Iterator[bytes]:
        while True:
            line = self.raw.readline()
            if not line:
                return
            if line.strip():
                yield line


def refusal(response: Any) -> ApiError:
    """What the server's Status object says."""
    text = response.read()
    try:
        status = json.loads(text)
    except ValueError:
        status = {"message": text[:300].decode("utf-8", "replace")}
    after = response.headers.get("Retry-After") or ""
    return ApiError(response.status, str(status.get("reason")), str(status.get("message")), float(after) if after.isdigit() else 0.0)
