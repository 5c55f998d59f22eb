"""Requirements as a step states them in; whether an environment meets them, and their one normal form, out. Nothing is installed here."""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from urllib.parse import urldefrag

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion


def problem(requirement: str) -> str | None:
    """Why this is no requirement at all (PEP 508), or None when it is one."""
    try:
        Requirement(requirement)
    except InvalidRequirement as error:
        return str(error).split("\n")[0]
    return None


def unmet(requirement: str) -> str | None:
    """Why this interpreter's environment does not meet a requirement ("is not installed"), or None when it does.

    As pip judges it: its extras count, and what it needs in turn; where its marker does not hold it asks for nothing.
    """
    return _unmet(Requirement(requirement), "", set())


def normal(requirements: Iterable[str]) -> tuple[str, ...]:
    """The same requirements in one spelling and order, each once: `Scikit_Learn >=1, <2` is `scikit-learn<2,>=1`."""
    return tuple(sorted({_normal(Requirement(text)) for text in requirements}))


def _normal(wanted: Requirement) -> str:
    wanted.name = canonicalize_name(wanted.name)
    wanted.extras = {canonicalize_name(extra) for extra in wanted.extras}
    return str(wanted)


def _unmet(wanted: Requirement, extra: str, seen: set[tuple[str, str]]) -> str | None:
    if not _applies(wanted.marker, extra):
        return None
    try:
        found = distribution(wanted.name)
    except PackageNotFoundError:
        return "is not installed"
    if wanted.url is not None and _origin(found) != urldefrag(wanted.url).url:
        return f"is not met ({found.version} is installed, from elsewhere)"
    if not _is(wanted, str(found.version)):
        return f"is not met ({found.version} is installed)"
    for part in ("", *sorted(wanted.extras)):
        key = (canonicalize_name(wanted.name), part)
        if key in seen:
            continue
        seen.add(key)
        for inner in _needs(found):
            reason = _unmet(inner, part, seen)
            if reason:
                return reason if reason.startswith("lacks") else f"lacks what it needs: {inner} {reason}"
    return None


def _needs(found: Distribution) -> Iterable[Requirement]:
    for text in found.requires or ():
        try:
            yield Requirement(text)
        except InvalidRequirement:  # metadata of long ago; pip leaves it out as well
            continue


def _is(wanted: Requirement, version: str) -> bool:
    try:
        return wanted.specifier.contains(version, prereleases=True)
    except InvalidVersion:
        return False


def _applies(marker: Marker | None, extra: str) -> bool:
    return marker is None or marker.evaluate({"extra": extra})


def _origin(found: Distribution) -> str | None:
    """Where it was installed from, when not from an index (PEP 610)."""
    text = found.read_text("direct_url.json")
    return None if text is None else str(json.loads(text).get("url"))
