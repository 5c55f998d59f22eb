"""Settings of steps and pipelines as the IR holds them: the SDK's own frozen values, each with the span where it was written."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, TypeAlias

from wye.diagnostics import Span
from wye.sdk.settings import Cache, Resources, Retry, Schedule, Secret


@dataclass(frozen=True, slots=True)
class Table:
    """A dict inside a `targets={…}` block, frozen."""

    items: tuple[tuple[Any, Any], ...]


Targets: TypeAlias = tuple[tuple[str, tuple[tuple[str, Any], ...]], ...]
"""The `targets={…}` blocks: by target, then by key."""


def joined(base: Targets, over: Targets) -> Targets:
    """Both, where `over` goes before: tables are joined by key, everything else is replaced."""
    found = {name: dict(block) for name, block in base}
    for name, block in over:
        found[name] = _join(found.get(name, {}), dict(block))
    return tuple((name, tuple(block.items())) for name, block in found.items())


def _join(base: dict[Any, Any], over: dict[Any, Any]) -> dict[Any, Any]:
    found = dict(base)
    for key, value in over.items():
        old = found.get(key)
        if isinstance(old, Table) and isinstance(value, Table):
            value = Table(tuple(_join(dict(old.items), dict(value.items)).items()))
        found[key] = value
    return found


def thaw(value: Any) -> Any:
    """A value of a `targets={…}` block as plain data."""
    if isinstance(value, Table):
        return {k: thaw(v) for k, v in value.items}
    return [thaw(v) for v in value] if isinstance(value, tuple) else value


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of one step or call. None or empty means: not set."""

    packages: tuple[str, ...] = ()
    image: str | None = None
    python: str | None = None
    files: tuple[str, ...] = ()
    resources: Resources | None = None
    retry: Retry | None = None
    timeout: float | None = None
    """Seconds."""
    env: tuple[tuple[str, str], ...] = ()
    secrets: tuple[Secret, ...] = ()
    cache: Cache | None = None
    tags: tuple[tuple[str, str], ...] = ()
    targets: Targets = ()
    spans: tuple[tuple[str, Span], ...] = ()
    """Where each setting was written, by name; what stands in a `targets={…}` block by its way: `targets.airflow.queue`."""

    def span(self, name: str, default: Span) -> Span:
        return next((s for n, s in self.spans if n == name), default)

    def over(self, base: Settings) -> Settings:
        """These settings, with what they leave unset taken from `base`. Each setting replaces the base's as a whole; `targets` are joined
        by target and key."""
        chosen: dict[str, Any] = {}
        spans: dict[str, Span] = {}
        for field in fields(Settings):
            if field.name in ("spans", "targets"):
                continue
            own = any(n == field.name for n, _ in self.spans)
            source = self if own else base
            chosen[field.name] = getattr(source, field.name)
            spans.update((n, s) for n, s in source.spans if n == field.name)
        chosen["targets"] = joined(base.targets, self.targets)
        spans.update((n, s) for source in (base, self) for n, s in source.spans if n.partition(".")[0] == "targets")
        return Settings(**chosen, spans=tuple(sorted(spans.items())))


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """Settings of a pipeline. `defaults` are the step settings of every call in it that sets nothing else."""

    schedule: Schedule | None = None
    timeout: float | None = None
    """Seconds."""
    max_parallel: int | None = None
    on_failure: str = "stop"
    tags: tuple[tuple[str, str], ...] = ()
    targets: Targets = ()
    defaults: Settings = Settings()
    spans: tuple[tuple[str, Span], ...] = ()

    def span(self, name: str, default: Span) -> Span:
        return next((s for n, s in self.spans if n == name), default)
