"""The JSON Schema for editors: valid, equal to the published file, and of one mind with the compiler about what is a good `wye.toml`."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from wye.backend import registry
from wye.cli.stack import PRECEDENCE
from wye.diagnostics import CompileFailed
from wye.stacks import config_of, find, stack_of, stack_options
from wye.stacks.schema import schema
from wye.stacks.tables import TABLES, key_of

ROOT = Path(__file__).parents[3]
NAMES = ("airflow", "azureml", "databricks", "docker", "kubeflow", "kubernetes", "local", "sagemaker", "vertex")
OPTIONS = {name: registry.load(name).options for name in NAMES}


@pytest.fixture(scope="module")
def validator() -> Any:
    form = schema(OPTIONS)
    Draft202012Validator.check_schema(form)
    return Draft202012Validator(form)


def test_the_published_file_is_this_schema(bless: bool) -> None:
    file = ROOT / "docs" / "wye.schema.json"
    text = json.dumps(schema(OPTIONS), indent=2) + "\n"
    if bless:
        file.write_text(text)
    assert file.read_text() == text, "`make bless` writes it"


def accepted(folder: Path, text: str) -> bool:
    """Whether the compiler takes every stack of the file that is not only there to be extended."""
    (folder / "wye.toml").write_text(text)
    try:
        found = find(folder / "pipeline.py")
        assert found
        config_of(found, {"SET": "x"})
        for name in (n for n, body in found.stacks.items() if {"target", "extends"} & body.keys()):
            stack = stack_of(found, name, NAMES, {"SET": "x"})
            stack_options(stack.target, OPTIONS[stack.target], stack.settings)
    except CompileFailed:
        return False
    return True


GOOD = [
    "",
    "[code]\npackaging = 'image'\n",
    "[code]\npackaging = 'tree'\ninclude = ['src']\n[packages]\nindex = 'https://a.example.com'\nextra-index = []\n",
    "[stacks.a]\ntarget = 'local'\nworkers = 2\nregistry = 'x'\nstore = 'y'\n",
    "[stacks.a]\ntarget = 'airflow'\nstore = {env = 'SET'}\n[stacks.a.code]\npackaging = {env = 'NOT_SET', default = 'tree'}\n",
    "[stacks.a]\ntarget = 'airflow'\n[stacks.a.placement]\nqueue = 'q'\npriority_weight = 3\nexecutor_config = {a = [1, {b = true}]}\n",
    "[stacks.a]\ntarget = 'kubeflow'\nimage_pull_secrets = ['a', {env = 'SET'}]\n[stacks.a.placement]\nlabels = {env = 'prod'}\n"
    "tolerations = [{key = 'a', operator = 'Exists'}]\nimage_pull_policy = 'Always'\n",
    "[stacks.a]\ntarget = 'sagemaker'\nmax_steps = 60\n[stacks.a.placement]\nsubnets = ['s']\nsecurity_groups = ['g']\n",
    "[stacks.b]\nextends = 'a'\n[stacks.a]\ntarget = 'kubeflow'\nmax_bytes = 3\n",
    "[stacks.a]\ntarget = 'vertex'\nproject = 'my-project'\nplacement = {machine = 'e2-standard-8', labels = {team = 'ml'}}\n",
    "[stacks.b]\nextends = 'a'\nplacement.labels = {a = 'b'}\n[stacks.a]\ntarget = 'kubeflow'\n",
]
BAD = [
    "x = 1\n",
    "stacks = 1\n",
    "[stack.a]\ntarget = 'local'\n",
    "[stacks.a]\ntarget = 'locl'\n",
    "[stacks.a]\ntarget = 3\n",
    "[stacks.a]\ntarget = 'local'\nextends = ['b']\n",
    "[stacks.a]\ntarget = 'local'\nworkers = 'two'\n",
    "[stacks.a]\ntarget = 'local'\nworkers = true\n",
    "[stacks.a]\ntarget = 'local'\nworkers = 1.5\n",
    "[stacks.a]\ntarget = 'local'\nimage = 'x'\n",
    "[stacks.a]\ntarget = 'local'\nplacement = {}\n",
    "[stacks.a]\ntarget = 'airflow'\nplacement = {quue = 'x'}\n",
    "[stacks.a]\ntarget = 'airflow'\nstore = {env = 'SET', defalt = 'x'}\n",
    "[stacks.a]\ntarget = 'airflow'\nstore = {env = 3}\n",
    "[stacks.a]\ntarget = 'airflow'\nstore = {default = 'x'}\n",
    "[stacks.a]\ntarget = 'airflow'\nregistry = 3\n",
    "[stacks.a]\ntarget = 'kubeflow'\nplacement.labels = {a = 1}\n",
    "[stacks.a]\ntarget = 'vertex'\nplacement = {machines = 'e2-standard-8'}\n",
    "[stacks.a]\ntarget = 'kubeflow'\nplacement.image_pull_policy = 'Sometimes'\n",
    "[stacks.a]\ntarget = 'kubeflow'\nplacement.tolerations = [{kee = 'a'}]\n",
    "[stacks.a]\ntarget = 'sagemaker'\nplacement.subnets = 's'\n",
    "[stacks.b]\nextends = 'a'\nmax_byte = 3\n[stacks.a]\ntarget = 'kubeflow'\n",
    "[code]\npackaging = 'box'\n",
    "[code]\ninclude = [1]\n",
    "[packages]\nextra_index = []\n",
]


@pytest.mark.parametrize(("text", "good"), [*((t, True) for t in GOOD), *((t, False) for t in BAD)])
def test_the_schema_and_the_compiler_agree(validator: Any, tmp_path: Path, text: str, good: bool) -> None:
    errors = [e.message for e in validator.iter_errors(tomllib.loads(text))]
    assert (not errors, accepted(tmp_path, text)) == (good, good), errors


LEAVES = st.one_of(
    st.sampled_from(["tree", "kubeflow", "Always", "", "$HOME", "{{ ds }}", "a"]), st.integers(-1, 2), st.booleans(), st.just(1.5)
)
KEYS = st.sampled_from(
    ["env", "default", "store", "workers", "placement", "labels", "tolerations", "key", "operator", "executor_config", "code", "packaging",
     "packages", "extra-index", "max_bytes", "zzz", "a b", ""]
)  # fmt: skip
TREES = st.recursive(LEAVES, lambda v: st.lists(v, max_size=2) | st.dictionaries(KEYS, v, max_size=3), max_leaves=6)
STRUCTURE = {"WYE5002", "WYE5003", "WYE5005", "WYE5006", "WYE5007"}


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
@given(st.sampled_from(NAMES), st.dictionaries(KEYS, TREES, max_size=4))
def test_any_stack_is_taken_or_has_problems_in_its_file(validator: Any, tmp_path: Path, target: str, body: dict[str, Any]) -> None:
    """Never another exception; and where the problem is of form, the schema knows it too, as it takes whatever the compiler takes."""
    values = {"stacks": {"x": {"target": target, **body}}}
    (tmp_path / "wye.toml").write_text(f"stacks = {written(values['stacks'])}\n")
    good, found_codes = not list(validator.iter_errors(values)), set[str]()
    try:
        found = find(tmp_path / "pipeline.py")
        assert found
        stack = stack_of(found, "x", NAMES, {"a": "tree"})
        stack_options(stack.target, OPTIONS[target], stack.settings)
    except CompileFailed as failure:
        found_codes = {d.code if d.span.path == (tmp_path / "wye.toml").as_posix() else d.span.path for d in failure.diagnostics}
    assert all(code.startswith("WYE5") for code in found_codes)
    if found_codes <= STRUCTURE:
        assert good == (not found_codes)


def written(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {written(v)}" for k, v in value.items()) + "}"
    return "[" + ", ".join(map(written, value)) + "]" if isinstance(value, list) else json.dumps(value)


def test_the_documentation_is_valid(validator: Any, tmp_path: Path) -> None:
    text = (ROOT / "docs" / "stacks.md").read_text()
    [whole, *_] = re.findall(r"(?ms)^```toml\n(.*?)^```", text)
    section = (ROOT / "README.md").read_text().partition("\n## Stacks\n")[2].partition("\n## ")[0]
    readme = "".join(line[4:] for line in section.splitlines(keepends=True) if re.match(r"    (\[|\w+ = )", line))
    for example in (whole, readme):
        assert "[stacks.prod]" in example
        validator.validate(tomllib.loads(example))
        assert accepted(tmp_path, example)


def test_the_documentation_explains_the_precedence_that_is_shown() -> None:
    text = (ROOT / "docs" / "stacks.md").read_text()
    assert "\n".join(f"{n}. {line}" for n, line in enumerate(PRECEDENCE, 1)) in text.replace("`[code]`, `[packages]`", "[code], [packages]")


def test_the_documentation_names_every_key() -> None:
    text = (ROOT / "docs" / "stacks.md").read_text()
    keys = [*TABLES, "target", "extends", "store", "registry", "placement"]
    for kind in TABLES.values():
        keys += [key_of(f) for f in fields(kind)]
    for options in OPTIONS.values():
        keys += [f.name for f in fields(options().placement)] if hasattr(options(), "placement") else []
    assert [k for k in keys if f"`{k}`" not in text] == []


def test_the_examples_are_valid(validator: Any) -> None:
    files = sorted(ROOT.glob("examples/*/wye.toml"))
    assert files
    for file in files:
        validator.validate(tomllib.loads(file.read_text()))
