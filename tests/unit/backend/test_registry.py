"""Targets arrive by entry point; what is wrong with one is said in a line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from types import SimpleNamespace
from typing import Any

import pytest

from wye.backend import registry
from wye.backend.registry import GROUP, BrokenTarget, UnknownTarget


@dataclass(frozen=True)
class Needy:
    zone: str


def target(name: str, **changed: Any) -> SimpleNamespace:
    parts = {"name": name, "options": dict, "capabilities": None, "lower": None, "emit": None, **changed}
    return SimpleNamespace(**{k: v for k, v in parts.items() if v != "left out"})


good = target("good")
other_name = target("else")
no_emit = target("no_emit", emit="left out")
needy = target("needy", options=Needy)

Install = Callable[..., None]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Pretends that packages with these entry points, and no others, are installed."""

    def clear() -> None:
        registry._found.cache_clear()
        registry.load.cache_clear()

    def points(**values: str) -> None:
        found = [EntryPoint(name.rstrip("_"), value, GROUP) for name, value in values.items()]
        monkeypatch.setattr(registry, "entry_points", lambda group: found if group == GROUP else [])
        clear()

    yield points
    clear()


def test_a_target_of_any_package(install: Install) -> None:
    install(good=f"{__name__}:good", also="nowhere:at_all")
    assert registry.names() == ("also", "good")
    assert registry.load("good") is good  # type: ignore[comparison-overlap]


def test_an_unknown_name(install: Install) -> None:
    install(good=f"{__name__}:good")
    with pytest.raises(UnknownTarget, match="unknown target `godo`") as caught:
        registry.load("godo")
    assert caught.value.help == "did you mean `good`?"
    with pytest.raises(UnknownTarget) as caught:
        registry.load("zzz")
    assert caught.value.help == "the targets are: good"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("gone", "no_such_module:X", r"`gone` \(no_such_module:X\) cannot be loaded: ModuleNotFoundError"),
        ("wrong", f"{__name__}:other_name", "calls itself `else`"),
        ("no_emit", f"{__name__}:no_emit", "has no `emit`"),
        ("needy", f"{__name__}:needy", "cannot be loaded: TypeError: .*zone"),
    ],
)
def test_a_target_that_cannot_be_used(install: Install, name: str, value: str, said: str) -> None:
    install(**{name: value})
    with pytest.raises(BrokenTarget, match=said):
        registry.load(name)


def test_two_packages_with_one_name(install: Install) -> None:
    install(good=f"{__name__}:good", good_=f"{__name__}:needy")
    with pytest.raises(BrokenTarget, match="two packages offer the target `good`"):
        registry.names()


def test_ours_are_there() -> None:
    assert {"airflow", "kubeflow", "local"} <= set(registry.names())
    assert all(registry.load(name).name == name for name in registry.names())
