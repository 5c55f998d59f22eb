"""Settings that a pipeline's source states: frozen, checked when they are made, standard library only.

The compiler builds the very same objects from the source text, so a setting is checked once, by the same code, in both worlds.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from dataclasses import dataclass, field
    from typing import Any, Literal
else:
    from wye.sdk.frozen import dataclass, field

Duration = str | int | float
"""`"90s"`, `"1h30m"`, `"2d"`, or seconds."""

_DURATION = "".join(rf"(?:(\d+(?:\.\d+)?){unit})?" for unit in "wdhms")
_MEMORY = r"(\d+(?:\.\d+)?)(Ki|Mi|Gi|Ti|K|k|M|G|T)?"
_UNITS = {None: 1, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "K": 10**3, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_ENV_NAME = "[A-Za-z_][A-Za-z0-9_]*"


def _match(pattern: str, text: str) -> re.Match[str] | None:
    from re import fullmatch  # late: importing it costs more than this module

    return fullmatch(pattern, text)


class SettingError(ValueError):
    """A setting's value is wrong. `field` names the argument, `help` says what would be right."""

    def __init__(self, field: str, message: str, help: str | None = None) -> None:
        super().__init__(message)
        self.field = field
        self.help = help


def seconds(value: Duration, field: str = "timeout") -> float:
    """A duration in seconds. Raises `SettingError` when it is not one, or is not positive and finite."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise SettingError(field, f"`{field}` must be a duration, not {type(value).__name__}", 'write "90s", "1h30m" or seconds')
    if isinstance(value, str):
        match = _match(_DURATION, value.strip())
        if not match or not any(match.groups()):
            raise SettingError(field, f"`{field}` is not a duration: {value!r}", 'write "90s", "1h30m" or a number of seconds')
        number = sum(float(g) * unit for g, unit in zip(match.groups(), (604800, 86400, 3600, 60, 1)) if g)
    else:
        number = float(value)
    if not 0 <= number < 1e10:
        raise SettingError(field, f"`{field}` is out of range: {value!r}")
    return number


def memory_bytes(value: str, field: str = "memory") -> int:
    """A quantity such as `"8Gi"` in bytes. Raises `SettingError`."""
    match = _match(_MEMORY, value) if isinstance(value, str) else None
    if not match or float(match.group(1)) <= 0:
        raise SettingError(field, f"`{field}` is not a quantity: {value!r}", 'write "512Mi" or "8Gi"')
    return int(float(match.group(1)) * _UNITS[match.group(2)])


@dataclass(frozen=True)
class Resources:
    """What a step needs. `cpu` in cores, `memory` and `disk` as quantities ("8Gi"), `gpu` in devices, `gpu_type` as "nvidia-t4"."""

    cpu: float | None = None
    memory: str | None = None
    gpu: int | None = None
    gpu_type: str | None = None
    disk: str | None = None

    def __post_init__(self) -> None:
        if self.cpu is not None and (isinstance(self.cpu, bool) or not isinstance(self.cpu, (int, float)) or not 0 < self.cpu < 1e6):
            raise SettingError("cpu", f"`cpu` must be a positive number of cores, not {self.cpu!r}")
        if self.gpu is not None and (isinstance(self.gpu, bool) or not isinstance(self.gpu, int) or self.gpu < 0):
            raise SettingError("gpu", f"`gpu` must be a number of devices, not {self.gpu!r}")
        if self.gpu_type is not None and not isinstance(self.gpu_type, str):
            raise SettingError("gpu_type", f"`gpu_type` must be a string, not {self.gpu_type!r}")
        if self.gpu_type is not None and not self.gpu:
            raise SettingError("gpu_type", "`gpu_type` without `gpu`", "say how many: gpu=1")
        for name in ("memory", "disk"):
            if getattr(self, name) is not None:
                memory_bytes(getattr(self, name), name)


MOST_DELAY = 600.0
"""Seconds between two attempts, at most, where nobody says more."""


@dataclass(frozen=True)
class Retry:
    """Try again after a failure: `count` more attempts, waiting `delay`, then `delay * backoff`, … at most `max_delay`: 10 minutes unless
    you say it, or `delay` where that is longer."""

    count: int
    delay: Duration = "30s"
    backoff: float = 2.0
    max_delay: Duration | None = None

    def __post_init__(self) -> None:
        if isinstance(self.count, bool) or not isinstance(self.count, int) or not 0 <= self.count <= 100:
            raise SettingError("count", f"`count` must be an integer from 0 to 100, not {self.count!r}")
        if isinstance(self.backoff, bool) or not isinstance(self.backoff, (int, float)) or not 1 <= self.backoff <= 100:
            raise SettingError("backoff", f"`backoff` must be a factor from 1 to 100, not {self.backoff!r}")
        first = seconds(self.delay, "delay")
        if self.max_delay is not None and seconds(self.max_delay, "max_delay") < first:
            message = f"`max_delay` is {self.max_delay!r}, and the first wait, `delay`, is {self.delay!r}"
            raise SettingError("max_delay", message, "make it as long at least, or leave it out")

    def delays(self) -> tuple[float, ...]:
        """Seconds to wait before each further attempt."""
        first = seconds(self.delay, "delay")
        most = max(first, MOST_DELAY) if self.max_delay is None else seconds(self.max_delay, "max_delay")
        return tuple(min(first * self.backoff**i, most) for i in range(self.count))


@dataclass(frozen=True)
class Secret:
    """A secret by reference: the platform's secret `name` (its entry `key`, when it has several) becomes the variable `env`."""

    name: str
    env: str
    key: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not _match(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?", self.name):
            raise SettingError("name", f"not a secret's name: {self.name!r}", "letters, digits, `-`, `_` and `.`, at most 253")
        env_name(self.env, "env")
        if self.key is not None and (not isinstance(self.key, str) or not _match(r"[A-Za-z0-9._-]{1,253}", self.key)):
            raise SettingError("key", f"not a key of a secret: {self.key!r}")


@dataclass(frozen=True)
class Cache:
    """Reuse the outputs of an earlier run with the same program, inputs and environment, when they are not older than `max_age`."""

    max_age: Duration | None = None

    def __post_init__(self) -> None:
        if self.max_age is not None:
            seconds(self.max_age, "max_age")


@dataclass(frozen=True)
class Format:
    """A file format asked for with `Annotated[T, Format("parquet")]`."""

    name: Literal["pickle", "json", "parquet", "npy"]


@dataclass(frozen=True)
class Schedule:
    """When a pipeline runs: exactly one of `cron` (five fields), `every` (an interval) and `at` (one ISO instant)."""

    cron: str | None = None
    every: Duration | None = None
    at: str | None = None
    timezone: str = "UTC"
    start: str | None = None
    end: str | None = None
    catchup: bool = False
    overlap: Literal["allow", "skip", "replace", "queue"] = "allow"
    paused: bool = False

    def __post_init__(self) -> None:
        given = [n for n in ("cron", "every", "at") if getattr(self, n) is not None]
        if len(given) != 1:
            raise SettingError(given[1] if given else "cron", "a schedule has exactly one of `cron`, `every` and `at`")
        if self.cron is not None:
            check_cron(self.cron)
        if self.every is not None and seconds(self.every, "every") < 1:
            raise SettingError("every", "`every` must be at least one second")
        if not isinstance(self.timezone, str) or not _match(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*", self.timezone):
            raise SettingError("timezone", f"not a time zone: {self.timezone!r}", 'write an IANA name such as "Europe/Zurich"')
        for name in ("at", "start", "end"):
            if getattr(self, name) is not None:
                _instant(getattr(self, name), name)
        for name in ("catchup", "paused"):
            if not isinstance(getattr(self, name), bool):
                raise SettingError(name, f"`{name}` must be True or False")
        if self.overlap not in ("allow", "skip", "replace", "queue"):
            raise SettingError("overlap", f"unknown overlap {self.overlap!r}", "one of: allow, skip, replace, queue")


def _instant(value: Any, name: str) -> None:
    from datetime import datetime

    try:
        datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise SettingError(name, f"`{name}` is not an ISO date or time: {value!r}", 'write "2026-01-31" or "2026-01-31T06:00:00"') from None


CRON_FIELDS = (
    ("minute", 0, 59, ""),
    ("hour", 0, 23, ""),
    ("day", 1, 31, ""),
    ("month", 1, 12, "jan feb mar apr may jun jul aug sep oct nov dec"),
    ("weekday", 0, 7, "sun mon tue wed thu fri sat"),
)


def check_cron(text: Any) -> None:
    """Check a five-field cron expression (`minute hour day month weekday`). Raises `SettingError`."""
    parts = text.split() if isinstance(text, str) else []
    if len(parts) != 5:
        raise SettingError("cron", f"a cron expression has five fields, not {len(parts)}: {text!r}", "minute hour day month weekday")
    for part, (label, low, high, names) in zip(parts, CRON_FIELDS):
        known = {n: i + low for i, n in enumerate(names.split())}
        for item in part.split(","):
            span, _, every = item.partition("/")
            ends = [str(known.get(e.lower(), e)) for e in span.split("-")] if span != "*" else []
            good = len(ends) <= 2 and all(e.isascii() and e.isdigit() and low <= int(e) <= high for e in ends)
            good = good and (len(ends) < 2 or int(ends[0]) <= int(ends[1]))
            good = good and (not item.count("/") or (every.isascii() and every.isdigit() and 1 <= int(every) <= high + 1))
            if not good:
                raise SettingError("cron", f"bad {label} field in {text!r}: {item!r}", f"{label}s are {low} to {high}")


def env_name(value: Any, field: str = "env") -> str:
    """A name of an environment variable. Raises `SettingError`."""
    if not isinstance(value, str) or not _match(_ENV_NAME, value):
        raise SettingError(field, f"not a name of an environment variable: {value!r}", "letters, digits and `_`, not first a digit")
    return value


@dataclass(frozen=True)
class StepSettings:
    """What `@step(...)`, `s.options(...)` and `@pipeline(defaults=...)` take, as given; the checks run when it is made."""

    name: str | None = None
    packages: tuple[str, ...] = ()
    image: str | None = None
    python: str | None = None
    """The interpreter in the image: a path, or a name on its PATH. Without it: what the target takes, `python3`."""
    files: tuple[str, ...] = ()
    resources: Resources | None = None
    retry: Retry | None = None
    timeout: Duration | None = None
    env: dict[str, str] = field(default_factory=dict)
    secrets: tuple[Secret, ...] = ()
    cache: Cache | bool | None = None
    tags: dict[str, str] = field(default_factory=dict)
    targets: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_step_settings(self)


@dataclass(frozen=True)
class PipelineOptions:
    """What `@pipeline(...)` takes, as given."""

    name: str | None = None
    schedule: Schedule | None = None
    timeout: Duration | None = None
    max_parallel: int | None = None
    on_failure: Any = "stop"
    """`"stop"`, `"continue"`, or a step that runs when the run has failed."""
    tags: dict[str, str] = field(default_factory=dict)
    targets: dict[str, dict[str, Any]] = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _kind(self, "schedule", Schedule)
        if self.timeout is not None and seconds(self.timeout) == 0:
            raise SettingError("timeout", "`timeout` must not be zero")
        if self.max_parallel is not None and (type(self.max_parallel) is not int or self.max_parallel < 1):
            raise SettingError("max_parallel", f"`max_parallel` must be a positive integer, not {self.max_parallel!r}")
        if self.on_failure not in ("stop", "continue") and not hasattr(
            self.on_failure, "__wrapped__"
        ):  # no step: those know their function
            raise SettingError("on_failure", f"unknown value {self.on_failure!r}", 'one of: "stop", "continue", a step')
        _strings(self.tags, "tags")
        _targets(self.targets)
        if not isinstance(self.defaults, dict):
            raise SettingError("defaults", "`defaults` must be a dict of step settings")


def check_step_settings(s: StepSettings) -> None:
    """Check each setting by itself. Raises `SettingError` with the name of the wrong one."""
    for name in ("packages", "files"):
        items = getattr(s, name)
        if not isinstance(items, (list, tuple)) or not all(isinstance(i, str) and i.strip() for i in items):
            raise SettingError(name, f"`{name}` must be a list of strings")
    for package in s.packages:
        if not _match(r"[A-Za-z0-9][A-Za-z0-9._-]*\s*($|[\[<>=!~;@ ].*)", package):
            raise SettingError("packages", f"not a requirement: {package!r}", 'write it as for pip: "scikit-learn==1.7.2"')
    if s.image is not None and (not isinstance(s.image, str) or not _match(r"[A-Za-z0-9][A-Za-z0-9._/:@-]*", s.image)):
        raise SettingError("image", f"not an image reference: {s.image!r}")
    if s.python is not None and (not isinstance(s.python, str) or not _match(r"[A-Za-z0-9_/.][A-Za-z0-9_/.+-]*", s.python)):
        raise SettingError("python", f"not a path of an interpreter: {s.python!r}", 'write its path in the image: "/opt/venv/bin/python"')
    _kind(s, "resources", Resources)
    _kind(s, "retry", Retry)
    if s.timeout is not None and seconds(s.timeout) == 0:
        raise SettingError("timeout", "`timeout` must not be zero")
    _strings(s.env, "env")
    for key in s.env:
        env_name(key)
    if not isinstance(s.secrets, (list, tuple)) or not all(isinstance(x, Secret) for x in s.secrets):
        raise SettingError("secrets", "`secrets` must be a list of Secret(...)")
    twice = [x.env for i, x in enumerate(s.secrets) if x.env in s.env or x.env in [y.env for y in s.secrets[:i]]]
    if twice:
        raise SettingError("secrets", f"the variable {twice[0]} is set twice")
    if s.cache is not None and not isinstance(s.cache, (bool, Cache)):
        raise SettingError("cache", "`cache` must be True, False or Cache(...)")
    _strings(s.tags, "tags")
    _targets(s.targets)


def _kind(holder: Any, name: str, kind: type) -> None:
    value = getattr(holder, name)
    if value is not None and not isinstance(value, kind):
        raise SettingError(name, f"`{name}` must be {kind.__name__}(...), not {type(value).__name__}")


def _strings(value: Any, name: str) -> None:
    if not isinstance(value, dict) or not all(isinstance(k, str) and isinstance(v, str) for k, v in value.items()):
        raise SettingError(name, f"`{name}` must be a dict of strings")
    if any("\0" in k or "\0" in v for k, v in value.items()):
        raise SettingError(name, f"`{name}` holds a NUL character")


def _targets(value: Any) -> None:
    if not isinstance(value, dict) or not all(isinstance(k, str) and isinstance(v, dict) for k, v in value.items()):
        raise SettingError("targets", "`targets` must be a dict of dicts, by target")
