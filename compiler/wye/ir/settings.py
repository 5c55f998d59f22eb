"""Settings of steps and pipelines as the IR holds them: the SDK's own frozen values, each with the span where it was written."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from wye.diagnostics import Span
from wye.sdk.settings import Cache, Resources, Retry, Schedule, Secret


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of one step or call. None or empty means: not set."""

    packages: tuple[str, ...] = ()
    image: str | None = None
    files: tuple[str, ...] = ()
    resources: Resources | None = None
    retry: Retry | None = None
    timeout: float | None = None
    """Seconds."""
    env: tuple[tuple[str, str], ...] = ()
    secrets: tuple[Secret, ...] = ()
    cache: Cache | None = None
    tags: tuple[tuple[str, str], ...] = ()
    targets: tuple[tuple[str, tuple[tuple[str, Any], ...]], ...] = ()
    spans: tuple[tuple[str, Span], ...] = ()
    """Where each setting was written, by name."""

    def span(self, name: str, default: Span) -> Span:
        return next((s for n, s in self.spans if n == name), default)

    def over(self, base: Settings) -> Settings:
        """These settings, with what they leave unset taken from `base`. Each setting replaces the base's as a whole."""
        chosen: dict[str, Any] = {}
        spans: dict[str, Span] = {}
        for field in fields(Settings):
            if field.name == "spans":
                continue
            own = any(n == field.name for n, _ in self.spans)
            source = self if own else base
            chosen[field.name] = getattr(source, field.name)
            spans.update((n, s) for n, s in source.spans if n == field.name)
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
    targets: tuple[tuple[str, tuple[tuple[str, Any], ...]], ...] = ()
    defaults: Settings = Settings()
    spans: tuple[tuple[str, Span], ...] = ()

    def span(self, name: str, default: Span) -> Span:
        return next((s for n, s in self.spans if n == name), default)
