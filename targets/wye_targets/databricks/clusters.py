"""The tasks of a job with what each asks for in; what each runs on, the job's clusters and environments, and the node types that whoever
deploys it must name, out.

Serverless compute unless a task asks for a machine or an image. A cluster is one machine; tasks that never run at the same time share one.
Each iteration of a loop has one of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from wye.backend.guards import Draft
from wye.backend.names import NameRules
from wye.backend.placement import placed
from wye.ir.settings import Settings
from wye.sdk.settings import Resources
from wye_targets.databricks.capabilities import DatabricksOptions
from wye_targets.databricks.placement import PLAIN, Placement

KEYS = NameRules(charset="A-Za-z0-9_-", fill="_", limit=100, first="a-z0-9_")
_REQUIREMENT = re.compile(r"[A-Za-z0-9 ._,<>=!~\[\]-]*")
_VARIABLE = NameRules(charset="a-z0-9_", fill="_")
_GPU_RUNTIME = ("-scala", "-gpu-ml-scala")


@dataclass(slots=True)
class Computes:
    """Fills up as tasks ask. `variables`: a bundle's variable for each node type that nobody has named, with what it must have."""

    options: DatabricksOptions
    before: dict[str, frozenset[str]]
    """For each task all that have ended when it starts."""
    clusters: dict[str, dict[str, Any]] = field(default_factory=dict)
    environments: dict[str, dict[str, Any]] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    _last: dict[str, str] = field(default_factory=dict)

    def fields(self, draft: Draft) -> dict[str, Any]:
        """What a task's own entry says of where it runs."""
        settings = draft.node.settings if draft.node else Settings()
        place: Placement = placed(self.options, settings, "databricks")
        image = settings.image or (self.options.image if draft.node else None)
        if place.cluster:
            return {"existing_cluster_id": place.cluster}
        if not (settings.resources or image or place.clustered) and self.options.serverless:
            return {"environment_key": self._environment(settings, draft), "disable_auto_optimization": True}
        spec = self._spec(settings, place, image)
        if draft.loop:
            return {"new_cluster": spec}
        return {"job_cluster_key": self._cluster(draft.id, spec)}

    def _environment(self, settings: Settings, draft: Draft) -> str:
        """Its key. Where `[packages]` says where packages come from, the runner installs them: an environment cannot say it."""
        known = all(_REQUIREMENT.fullmatch(p) for p in settings.packages) and "install" not in draft.form
        spec: dict[str, Any] = {"environment_version": self.options.environment_version}
        if settings.packages and known:
            spec["dependencies"] = list(settings.packages)
        for key, other in self.environments.items():
            if other == spec:
                return key
        key = "default" if "dependencies" not in spec else f"packages_{1 + sum(k != 'default' for k in self.environments)}"
        self.environments[key] = spec
        return key

    def _cluster(self, task: str, spec: dict[str, Any]) -> str:
        """The key of a cluster that is free when the task starts, for certain."""
        for key, other in self.clusters.items():
            if other == spec and self._last[key] in self.before[task]:
                self._last[key] = task
                return key
        key = KEYS.spell(f"{spec.get('node_type_id', 'pool')}_{len(self.clusters) + 1}".replace("${var.", "").replace("}", ""))
        self.clusters[key], self._last[key] = spec, task
        return key

    def _spec(self, settings: Settings, place: Placement, image: str | None) -> dict[str, Any]:
        runtime = self.options.spark_version
        if settings.resources and settings.resources.gpu and not image and "-gpu-" not in runtime:
            runtime = runtime.replace(*_GPU_RUNTIME)
        spec: dict[str, Any] = {"spark_version": runtime}
        if place.instance_pool:
            spec["instance_pool_id"] = place.instance_pool
        else:
            spec["node_type_id"] = place.node_type or self._node_type(settings.resources or Resources())
        if place.policy:
            spec["policy_id"] = place.policy
        single = {"spark.databricks.cluster.profile": "singleNode", "spark.master": "local[*]"}
        spec |= {"num_workers": 0, "spark_conf": single | dict(sorted(place.spark_conf.items()))}
        spec |= {"custom_tags": {"ResourceClass": "SingleNode"}, "data_security_mode": "SINGLE_USER"}
        if image:
            spec["docker_image"] = {"url": self.options.where(image)}
        return spec

    def _node_type(self, wanted: Resources) -> str:
        table = self.options.table()
        machine = table.smallest(wanted) if table else None
        if machine:
            return machine.name
        words = [
            f"{wanted.cpu:g}cpu" if wanted.cpu else "",
            wanted.memory or "",
            f"{wanted.gpu}gpu" if wanted.gpu else "",
            wanted.gpu_type or "",
        ]
        name = _VARIABLE.spell("_".join(["node_type", *filter(None, words)]))
        needs = {"cores": wanted.cpu, "memory": wanted.memory, "gpus": wanted.gpu, "gpu": wanted.gpu_type}
        said = ", ".join(f"{k} {v:g}" if isinstance(v, float) else f"{k} {v}" for k, v in needs.items() if v)
        said = said if PLAIN.fullmatch(said) else ""
        self.variables[name] = f"the node_type_id of machines with at least: {said}" if said else "the node_type_id of machines"
        return f"${{var.{name}}}"


def settled_before(needs: dict[str, tuple[str, ...]]) -> dict[str, frozenset[str]]:
    """For each task, all that it waits for, over any others; tasks stand after what they wait for."""
    found: dict[str, frozenset[str]] = {}
    for task, waits in needs.items():
        found[task] = frozenset(waits).union(*(found[t] for t in waits))
    return found
