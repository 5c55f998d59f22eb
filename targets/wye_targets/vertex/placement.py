"""Where Vertex AI is to run the tasks, and as whom, as typed options: what a stack's `placement`, or a step's own block, says.

https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.pipelineJobs
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from wye.sdk.settings import SettingError
from wye_targets.vertex.machines import TABLE

PROJECT = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]|[0-9]{1,20}")
LABEL = re.compile(r"[^\W_A-Z][\w-]{0,62}")
"""The key of a label, or, with nothing at all, its value: letters of any script, none of them capital."""
_ID = r"[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?"
_ACCOUNT = re.compile(r"[a-z0-9][a-z0-9._-]{0,126}@[a-z0-9][a-z0-9.-]{1,252}")
_NETWORK = re.compile(rf"projects/(?:{PROJECT.pattern})/global/networks/{_ID}")
_ATTACHMENT = re.compile(rf"projects/(?:{PROJECT.pattern})/regions/[a-z0-9-]+/networkAttachments/{_ID}")
_KEY = re.compile(rf"projects/(?:{PROJECT.pattern})/locations/[a-z0-9-]+/keyRings/[A-Za-z0-9_-]{{1,63}}/cryptoKeys/[A-Za-z0-9_-]{{1,63}}")
_RESOURCE = re.compile(rf"projects/(?:{PROJECT.pattern})/locations/[a-z0-9-]+/persistentResources/[a-z0-9-]{{1,63}}")


@dataclass(frozen=True, slots=True)
class Placement:
    """Where tasks run. All but `machine` hold for a whole run."""

    machine: str | None = None
    """One of the machines of `wye targets --machines`, instead of the smallest that fits."""
    service_account: str | None = field(default=None, metadata={"scope": "run"})
    """As whom tasks run; without it, as the Compute Engine default service account."""
    network: str | None = field(default=None, metadata={"scope": "run"})
    reserved_ip_ranges: tuple[str, ...] = field(default=(), metadata={"scope": "run"})
    network_attachment: str | None = field(default=None, metadata={"scope": "run"})
    """Of Private Service Connect."""
    encryption_key: str | None = field(default=None, metadata={"scope": "run"})
    """The key of Cloud KMS."""
    persistent_resource: str | None = field(default=None, metadata={"scope": "run"})
    """Machines that are there already. A field of v1beta1 of the API."""
    labels: dict[str, str] = field(default_factory=dict, metadata={"scope": "run"})

    def __post_init__(self) -> None:
        patterns = (
            ("service_account", _ACCOUNT, "not a service account", "write its address: trainer@project.iam.gserviceaccount.com"),
            ("network", _NETWORK, "not a network's full name", "write projects/NUMBER/global/networks/NAME"),
            ("network_attachment", _ATTACHMENT, "not a network attachment", "write projects/…/regions/…/networkAttachments/NAME"),
            ("encryption_key", _KEY, "not a key of Cloud KMS", "write projects/…/locations/…/keyRings/…/cryptoKeys/NAME"),
            ("persistent_resource", _RESOURCE, "not a persistent resource", "write projects/…/locations/…/persistentResources/NAME"),
        )
        for name, pattern, wrong, help in patterns:
            value = getattr(self, name)
            if value is not None and not pattern.fullmatch(value):
                raise SettingError(name, f"{wrong}: {value!r}", help)
        for value in self.reserved_ip_ranges:
            if not re.fullmatch(_ID, value):
                raise SettingError("reserved_ip_ranges", f"not the name of an IP range: {value!r}", "lower-case letters, digits and `-`")
        if self.machine is not None and self.machine not in {m.name for m in TABLE.machines}:
            raise SettingError("machine", f"no machine that a pipeline's task can ask for: {self.machine!r}", "`wye targets --machines`")
        for key, text in self.labels.items():
            wrong_label = label(key, text)
            if wrong_label:
                raise SettingError("labels", *wrong_label)


def label(key: str, value: str) -> tuple[str, str] | None:
    """What is wrong with a label, and the remedy."""
    help = "lower-case letters, digits, `-` and `_`, at most 63, the key first a letter"
    if not LABEL.fullmatch(key) or key != key.lower() or key[0].isdigit():
        return f"{key!r} cannot be the key of a label", help
    if key.startswith("vertex-ai-pipelines-"):
        return f"the label {key!r} is Vertex AI's own", "give it another name"
    if len(value) > 63 or value != value.lower() or not re.fullmatch(r"[\w-]*", value):
        return f"{value!r} cannot be the value of the label {key!r}", help
    return None


def job(p: Placement) -> dict[str, Any]:
    """What holds for a run: fields of its PipelineJob."""
    found: dict[str, Any] = {
        "serviceAccount": p.service_account,
        "network": p.network,
        "reservedIpRanges": list(p.reserved_ip_ranges),
        "pscInterfaceConfig": {"networkAttachment": p.network_attachment} if p.network_attachment else None,
        "encryptionSpec": {"kmsKeyName": p.encryption_key} if p.encryption_key else None,
    }
    return {k: v for k, v in found.items() if v}
