"""`store` and `store-options`: what is an address, what a driver is told, whose options they are, and what is wrong at which place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from wye.diagnostics import CompileFailed
from wye.stacks import Config, Packages, StoreOptions, load_stack, stack_options
from wye.stacks.stores import AT_ONCE, CHUNK, SCHEMES, check_store, is_address, packages_of, spec_of
from wye_targets.docker import DockerOptions
from wye_targets.local import LocalOptions

S3, AZ = {"max_concurrency": AT_ONCE, "default_block_size": CHUNK}, {"blocksize": CHUNK, "max_concurrency": AT_ONCE}


@pytest.mark.parametrize(
    ("store", "options", "url", "driver", "settings"),
    [
        ("s3://lake", {}, "s3://lake", "s3fs", S3),
        ("s3://lake/a/b=1/", {"region": "eu-1"}, "s3://lake/a/b=1", "s3fs", {**S3, "client_kwargs": {"region_name": "eu-1"}}),
        ("s3://lake/w", {"endpoint": "http://minio:9000"}, "s3://lake/w", "s3fs", {**S3, "endpoint_url": "http://minio:9000"}),
        ("gs://lake_x/w", {"project": "p-1"}, "gs://lake_x/w", "gcsfs", {"project": "p-1"}),
        ("az://box/w", {"account": "acct"}, "az://box/w", "adlfs", {**AZ, "account_name": "acct"}),
        ("abfs://box/w", {}, "az://box/w", "adlfs", AZ),
        ("abfss://box@acct.dfs.core.windows.net/w", {}, "az://box/w", "adlfs", {**AZ, "account_name": "acct"}),
        (
            "az://box", {"account": "a1b", "endpoint": "https://a1b.blob.core.chinacloudapi.cn"}, "az://box", "adlfs",
            {**AZ, "account_name": "a1b", "account_host": "a1b.blob.core.chinacloudapi.cn"},
        ),
    ],
)  # fmt: skip
def test_what_a_driver_is_told(store: str, options: dict[str, str], url: str, driver: str, settings: dict[str, Any]) -> None:
    given = StoreOptions(**options)  # type: ignore[arg-type]
    check_store(store, given)
    spec = spec_of(store, given, Config())
    assert (spec["url"], spec["driver"], spec["packages"], spec["settings"]) == (url, driver, [driver], settings)


def test_where_the_driver_comes_from() -> None:
    options = StoreOptions(packages=("s3fs==2025.3.0", "botocore<2"))
    assert packages_of("s3://lake/w", options) == options.packages
    assert packages_of("s3://lake/w", StoreOptions()) == ("s3fs",)
    assert packages_of("/mnt/a", options) == packages_of(None, options) == ()
    config = Config(packages=Packages(index="https://p.example.com", extra_index=("https://q.example.com",)))
    assert spec_of("s3://lake/w", options, config)["install"] == {"index": "https://p.example.com", "extra": ["https://q.example.com"]}


def test_a_folder_is_no_address() -> None:
    assert not any(map(is_address, [None, "", "/mnt/a", "~/a", "C:/a", "s3:/a"]))
    check_store("/mnt/a b", StoreOptions(region="eu"))


def test_every_driver_has_its_page_and_its_variables() -> None:
    assert all(s.page.startswith("https://") and s.variables for s in SCHEMES.values())


def load(folder: Path, text: str, kind: Any = DockerOptions, stack: str = "prod") -> Any:
    (folder / "wye.toml").write_text(text)
    found = load_stack(folder / "pipe.py", stack, ["docker", "local"])
    return stack_options(found.target, kind, found.settings)


STACK = '[stacks.prod]\ntarget = "docker"\n'


@pytest.mark.parametrize(
    ("text", "code", "place", "said"),
    [
        ('store = "ftp://a/b"', "WYE5008", "3:9", "no driver for a store at ftp://"),
        ('store = "s3a://a/b"', "WYE5008", "3:9", "write s3://"),
        ('store = "file:///mnt/a"', "WYE5008", "3:9", "name the folder: /mnt/artifacts"),
        ('store = "s3://me:word@lake/a"', "WYE5008", "3:9", "which would stand in every artifact"),
        ('store = "abfs://box@evil.example.com/a"', "WYE5008", "3:9", "which would stand in every artifact"),
        ('store = "s3://"', "WYE5008", "3:9", "not the name of a bucket: ''"),
        ('store = "s3://My_Bucket/a"', "WYE5008", "3:9", "not the name of a bucket: 'My_Bucket'"),
        ('store = "s3://lake/a b"', "WYE5008", "3:9", "not a folder of a store: 'a b'"),
        ('store = "s3://lake/../a"', "WYE5008", "3:9", "not a folder of a store"),
        ('store = "s3://lake/{{ ds }}"', "WYE5008", "3:9", "not a folder of a store"),
        ('store = "s3://lake/a"\nstore-options = {project = "p"}', "WYE5008", "4:28", "a store at s3:// has no `project`"),
        ('store = "gs://lake/a"\nstore-options = {region = "p"}', "WYE5008", "4:27", "it has `endpoint`, `project`"),
        ('store = "s3://lake/a"\nstore-options = {endpoint = "minio:9000"}', "WYE5008", "4:29", "not an address"),
        (
            'store = "s3://lake/a"\nstore-options = {endpoint = "http://me:word@minio"}',
            "WYE5008",
            "4:29",
            "finds credentials by its own means",
        ),
        ('store = "s3://lake/a"\nstore-options = {key = "AKIA"}', "WYE5006", "4:18", "`store-options` has no key `key`"),
        ('store = "s3://lake/a"\nstore-options = {region = 1}', "WYE5007", "4:27", "must be a string"),
        ('store = "s3://lake/a"\nstore-options = {packages = ["-r x"]}', "WYE5008", "4:29", "not a package"),
        ('store = "az://box@acct.dfs.core.windows.net"\nstore-options = {account = "other"}', "WYE5008", "4:28", "say it once"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, code: str, place: str, said: str) -> None:
    with pytest.raises(CompileFailed) as caught:
        load(tmp_path, STACK + text + "\n")
    [problem] = caught.value.diagnostics
    assert (problem.code, f"{problem.span.line}:{problem.span.column}", said in f"{problem.message} {problem.help}") == (code, place, True)


def test_options_are_those_of_the_store_that_they_were_written_for(tmp_path: Path) -> None:
    text = (
        '[stacks.base]\nstore = "s3://lake/a"\nstore-options = {region = "eu-1"}\n'
        '[stacks.prod]\ntarget = "docker"\nextends = "base"\nstore = "gs://lake/b"\n'
        '[stacks.same]\ntarget = "docker"\nextends = "base"\nstore-options = {endpoint = "https://s3.example.com"}\n'
        '[stacks.here]\ntarget = "local"\nextends = "base"\n'
    )
    assert load(tmp_path, text).value.store_options == StoreOptions()
    assert load(tmp_path, text, stack="same").value.store_options == StoreOptions(endpoint="https://s3.example.com", region="eu-1")
    here = load(tmp_path, text, LocalOptions, "here")
    assert [(e.key, e.value) for e in here.effective if "stack" in e.origin] == [("store", "s3://lake/a"), ("store-options.region", "eu-1")]
