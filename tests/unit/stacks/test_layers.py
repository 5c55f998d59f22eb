"""Layers: what a stack extends, what comes from the environment, tables that are joined; and why each value holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from wye.diagnostics import CompileFailed, Span
from wye.stacks import Made, NoStack, Stack, choose, find, load_stack, settings_of_source, stack_options
from wye.stacks.choice import chosen, keep

TARGETS = ("airflow", "kubeflow")


@dataclass(frozen=True)
class Rule:
    key: str
    effect: Literal["a", "b"] = "a"

    def __post_init__(self) -> None:
        if not self.key:
            raise ValueError("a rule needs a key")


@dataclass(frozen=True)
class Place:
    labels: dict[str, str] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Options:
    store: str | None = None
    replicas: int = 1
    factor: float = 1.0
    dry: bool = False
    mode: Literal["python", "docker"] = "python"
    hosts: tuple[str, ...] = ()
    place: Place = field(default_factory=Place)


def load(folder: Path, text: str, name: str = "prod", environ: Mapping[str, str] | None = None) -> Stack:
    (folder / "wye.toml").write_text(text)
    return load_stack(folder / "pipe.py", name, TARGETS, environ or {})


def made(folder: Path, text: str, name: str = "prod", environ: Mapping[str, str] | None = None) -> Made:
    found = load(folder, text, name, environ)
    return stack_options(found.target, Options, found.settings)


def failed(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> list[tuple[str, str, str]]:
    """Code, place and message of each problem."""
    with pytest.raises(CompileFailed) as caught:
        made(folder, text, environ=environ)
    return [(d.code, f"{d.span.line}:{d.span.column}", d.message) for d in caught.value.diagnostics]


CHAIN = """\
[stacks.base]
target = "airflow"
replicas = 2
mode = "docker"
hosts = ["a", "b"]
[stacks.base.place.labels]
team = "x"
tier = "one"
[stacks.middle]
extends = "base"
replicas = 3
[stacks.prod]
extends = "middle"
hosts = ["c"]
place.labels = {tier = "two"}
"""


def test_a_chain_is_joined_nearest_first(tmp_path: Path) -> None:
    found = made(tmp_path, CHAIN)
    assert found.value == Options(replicas=3, mode="docker", hosts=("c",), place=Place({"team": "x", "tier": "two"}))
    assert load(tmp_path, CHAIN).chain == ("prod", "middle", "base")
    why = {e.key: (e.origin, e.span.line if e.span else None) for e in found.effective}
    assert why == {
        "store": ("default", None), "factor": ("default", None), "dry": ("default", None),
        "replicas": ("stack middle, which prod extends", 11), "mode": ("stack base, which prod extends", 4), "hosts": ("stack prod", 14),
        "place.labels.team": ("stack base, which prod extends", 7), "place.labels.tier": ("stack prod", 15),
        "place.rules": ("default", None), "place.extra": ("default", None),
    }  # fmt: skip


def test_the_target_may_be_inherited_or_replaced(tmp_path: Path) -> None:
    assert load(tmp_path, CHAIN).target == "airflow"
    assert load(tmp_path, CHAIN + 'target = "kubeflow"\n').target == "kubeflow"


@pytest.mark.parametrize(
    ("text", "places", "said"),
    [
        ("[stacks.prod]\nextends = 'prod'\n", ["2:11"], "prod -> prod"),
        (
            "[stacks.prod]\ntarget = 'airflow'\nextends = 'a'\n[stacks.a]\nextends = 'b'\n[stacks.b]\nextends = 'a'\n",
            ["7:11"],
            "a -> b -> a",
        ),
        ("[stacks.prod]\ntarget = 'airflow'\nextends = 'bse'\n[stacks.base]\n", ["3:11"], "there is no stack `bse`"),
    ],
)
def test_chains_that_lead_nowhere(tmp_path: Path, text: str, places: list[str], said: str) -> None:
    found = [f for f in failed(tmp_path, text) if f[0] == "WYE5011"]
    assert [place for _, place, _ in found] == places
    assert said in found[0][2]


def test_a_mistake_in_what_is_extended_stands_there(tmp_path: Path) -> None:
    text = '[stacks.base]\nreplcas = 3\nmode = "x"\n[stacks.prod]\ntarget = "airflow"\nextends = "base"\nmode = "python"\n'
    assert [(code, place) for code, place, _ in failed(tmp_path, text)] == [("WYE5006", "2:1"), ("WYE5007", "3:8")]


# --- the environment ----------------------------------------------------------------------------------------------------------------

MARKED = """\
[stacks.prod]
target = "airflow"
store = {env = "STORE", default = "/mnt"}
replicas = {env = "N", default = 4}
factor = {env = "F"}
dry = {env = "DRY"}
mode = {env = "MODE"}
hosts = ["$HOME", "{env}", {env = "HOST"}]
place.labels = {env = "prod", user = {env = "WHO"}}
"""


def test_only_marked_values_come_from_the_environment(tmp_path: Path) -> None:
    environ = {"F": "0.5", "DRY": "true", "MODE": "docker", "HOST": "$HOME ${X} {{ ds }}", "WHO": "me", "HOME": "/root"}
    found = made(tmp_path, MARKED, environ=environ)
    assert found.value == Options(
        "/mnt", 4, 0.5, True, "docker", ("$HOME", "{env}", "$HOME ${X} {{ ds }}"), Place({"env": "prod", "user": "me"})
    )
    assert {e.key: e.variables for e in found.effective if e.variables} == {
        "store": ("STORE",), "replicas": ("N",), "factor": ("F",), "dry": ("DRY",), "mode": ("MODE",), "hosts": ("HOST",),
        "place.labels.user": ("WHO",),
    }  # fmt: skip
    assert made(tmp_path, MARKED, environ={**environ, "STORE": "/x", "N": "7"}).value.replicas == 7


@pytest.mark.parametrize(
    ("line", "environ", "place", "said"),
    [
        ('replicas = {env = "N"}', {}, "3:12", "the environment variable N is not set, which `replicas` is taken from"),
        ('replicas = {env = "N"}', {"N": "two"}, "3:12", '`replicas` must be an integer, which N does not hold: "two"'),
        ('dry = {env = "N"}', {"N": "yes"}, "3:7", '`dry` must be true or false, which N does not hold: "yes"'),
        ('factor = {env = "N"}', {"N": "nan"}, "3:10", '`factor` must be a number, which N does not hold: "nan"'),
        ('mode = {env = "N"}', {"N": "x"}, "3:8", '`mode` must be one of "python", "docker", which N does not hold: "x"'),
        ('mode = {env = "N", default = "x"}', {}, "3:30", '`mode` must be one of "python", "docker", not "x"'),
        ('mode = {env = "N", defalt = "x"}', {}, "3:20", "a value from the environment has no key `defalt`"),
        ('mode = {env = ""}', {}, "3:8", 'not a name of an environment variable: ""'),
        ("mode = {env = 3}", {}, "3:8", "not a name of an environment variable: 3"),
        ('hosts = {env = "N"}', {"N": "a"}, "3:9", "`hosts` must be a list of strings, not a table"),
        ('place = {env = "N"}', {"N": "a"}, "3:10", "`place` has no key `env`"),
    ],
)
def test_what_the_environment_does_not_hold(tmp_path: Path, line: str, environ: dict[str, str], place: str, said: str) -> None:
    [found] = failed(tmp_path, f'[stacks.prod]\ntarget = "airflow"\n{line}\n', environ)
    assert found[1:] == (place, said)


def test_nested_tables_are_strict(tmp_path: Path) -> None:
    head = '[stacks.prod]\ntarget = "airflow"\n'
    assert failed(tmp_path, head + 'place.lables = {}\nplace.rules = [{key = "k", efect = "a"}]\n') == [
        ("WYE5006", "3:7", "`place` has no key `lables`"), ("WYE5006", "4:28", "`place.rules` has no key `efect`"),
    ]  # fmt: skip
    assert failed(tmp_path, head + 'place.rules = [{key = ""}]\n') == [("WYE5008", "3:16", "a rule needs a key")]
    assert failed(tmp_path, head + "place.labels = {a = 1}\n") == [("WYE5007", "3:21", "`place.labels.a` must be a string, not 1")]
    assert failed(tmp_path, head + "place.extra = {a = 1979-05-27}\n")[0][0] == "WYE5007"
    found = made(
        tmp_path, head + 'place.rules = [{key = "k"}, {key = "l", effect = "b"}]\nplace.extra = {a = {env = "X"}, b = [1]}\n'
    ).value
    assert found.place == Place({}, (Rule("k"), Rule("l", "b")), {"a": {"env": "X"}, "b": [1]})


def test_source_blocks_know_no_environment() -> None:
    whole, own = Span("pipe.py", 1, 1, 1, 9), Span("pipe.py", 2, 3, 2, 9)
    block = [("replicas", 2), ("mode", {"env": "X"})]
    with pytest.raises(CompileFailed) as caught:
        stack_options("airflow", Options, [], settings_of_source(block, "source", {"mode": own}, whole))
    [problem] = caught.value.diagnostics
    assert (problem.code, problem.span) == ("WYE5007", own)


# --- the choice ---------------------------------------------------------------------------------------------------------------------

TWO = '[stacks.a]\ntarget = "airflow"\n[stacks.b]\ntarget = "kubeflow"\n[stacks.c]\ntarget = "airflow"\n'


def test_who_chooses(tmp_path: Path) -> None:
    (tmp_path / "wye.toml").write_text(TWO)
    file = tmp_path / "pipe.py"

    def name(named: str | None = None, **environ: str) -> tuple[str | None, str]:
        choice = choose(file, named, TARGETS, environ)
        return choice.stack.name if choice.stack else None, choice.by

    found = find(file)
    assert found
    assert name() == (None, "")
    keep(found, "c")
    assert name() == ("c", ".wye/stack")
    assert name(WYE_STACK="b") == ("b", "WYE_STACK")
    assert name(WYE_STACK="") == ("c", ".wye/stack")
    assert name("a", WYE_STACK="b") == ("a", "--stack")
    assert choose(file, None, TARGETS, {"WYE_STACK": "b"}, kept=False).stack is None
    assert (tmp_path / ".wye" / ".gitignore").read_text().endswith("*\n")
    keep(found, None)
    keep(found, None)
    assert chosen(found, {}) == (None, "")


def test_a_choice_that_is_not_there_says_who_made_it(tmp_path: Path) -> None:
    (tmp_path / "wye.toml").write_text(TWO)
    with pytest.raises(NoStack, match=r"there is no stack `d` in wye\.toml; WYE_STACK chooses it") as caught:
        choose(tmp_path / "pipe.py", None, TARGETS, {"WYE_STACK": "d"})
    assert caught.value.help == "the stacks are: a, b, c; set WYE_STACK to another one, or to nothing"
