"""What differs between the services that run a specification of Kubeflow Pipelines 2, as data; and texts in which none of them finds
anything to expand."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from wye.ir.settings import Settings

Part = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Service:
    """A service, and what a stack says of it. Each function gets the settings of one task."""

    image: Callable[[Settings], str]
    resources: Callable[[Settings], Part]
    """The container's `resources`."""
    retry: Callable[[Settings], Part | None]
    """The task's `retryPolicy`; None: the runner tries again."""
    config: Callable[[Settings], Part]
    """The executor's part of the document beside the specification; nothing where there is none."""
    own: Settings = field(default_factory=Settings)
    """The settings of tasks that are the service's affair alone."""
    built: bool = False
    """Whether the images have programs and runner."""
    empty_loops: bool = True
    """Whether a loop over nothing is known to succeed. Else it has one iteration that does nothing."""
    secrets: Part = field(default_factory=dict)
    """What a container is told beside the names of its secrets."""
    deadline: float | None = None
    """Seconds after which a run's containers end themselves."""
    created: bool = False
    """Whether a task that asks for when the run was due is told when it was created, too: it may have been due at no time."""


def plain(text: str) -> bool:
    """Whether neither the service nor Kubernetes finds anything to expand in a text. `$$` is how Kubernetes writes `$`."""
    return not re.search(r"\{\{|\$[($]|[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]", text)
