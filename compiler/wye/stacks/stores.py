"""A stack's `store` and `store-options` in, checked; how the tasks of a run reach it, as the runtime's store module wants it, out.

An address has a driver of fsspec, which is a package; anything else is a folder. Nothing here holds credentials: a driver finds its own
where a task runs. What they are called there stands in `Scheme.variables`, for targets that must hand them through by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import urlsplit

from wye.stacks.tables import Config, StoreOptions, TableError

CHUNK = 8 * 1024**2
"""Bytes that a driver holds of a file at a time, for each of `AT_ONCE` connections: what is handed on may be larger than the memory."""
AT_ONCE = 2
_PREFIX = re.compile(r"(/[A-Za-z0-9_=-][A-Za-z0-9._=-]*)*/?")


@dataclass(frozen=True, slots=True)
class Scheme:
    """One kind of store. `driver`: the package, and the module; `bucket`: what its names look like; `settings`: the driver's own, by
    option; `always`: those that always hold, `put` those of an upload and `get` of a download; `variables`: where it looks for
    credentials and the like."""

    driver: str
    bucket: re.Pattern[str]
    settings: dict[str, Callable[[str], dict[str, Any]]]
    always: dict[str, Any]
    put: dict[str, Any]
    get: dict[str, Any]
    variables: tuple[str, ...]
    page: str


S3 = Scheme(
    "s3fs",
    re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"),
    {"endpoint": lambda v: {"endpoint_url": v}, "region": lambda v: {"client_kwargs": {"region_name": v}}},
    {"max_concurrency": AT_ONCE, "default_block_size": CHUNK},
    {"chunksize": CHUNK},
    {},
    (
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_S3", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_PROFILE",
        "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    ),
    "https://s3fs.readthedocs.io/en/latest/#credentials",
)  # fmt: skip
GS = Scheme(
    "gcsfs",
    re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]"),
    {"endpoint": lambda v: {"endpoint_url": v}, "project": lambda v: {"project": v}},
    {},
    {"chunksize": CHUNK},
    {"headers": {}},  # with headers it writes what comes as it comes; without, it fetches hundreds of megabytes ahead
    (
        "GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT", "GCE_METADATA_HOST", "STORAGE_EMULATOR_HOST",
        "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT",
    ),
    "https://gcsfs.readthedocs.io/en/latest/#credentials",
)  # fmt: skip
AZ = Scheme(
    "adlfs",
    re.compile(r"[a-z0-9](-?[a-z0-9]){2,62}"),
    {"account": lambda v: {"account_name": v}, "endpoint": lambda v: {"account_host": urlsplit(v).netloc}},
    {"blocksize": CHUNK, "max_concurrency": AT_ONCE},
    {},
    {},
    (
        "AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_SAS_TOKEN", "AZURE_STORAGE_CONNECTION_STRING",
        "AZURE_STORAGE_CLIENT_ID", "AZURE_STORAGE_CLIENT_SECRET", "AZURE_STORAGE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET",
        "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE", "AZURE_AUTHORITY_HOST",
    ),
    "https://fsspec.github.io/adlfs/",
)  # fmt: skip
SCHEMES = {"s3": S3, "gs": GS, "az": AZ, "abfs": AZ, "abfss": AZ}
_MEANT = {"s3a": "s3", "s3n": "s3", "gcs": "gs", "azure": "az", "wasb": "az", "wasbs": "az", "adl": "az"}
_HOST = re.compile(r"[a-z0-9]{3,24}\.(dfs|blob)\.core\.windows\.net")


def is_address(store: str | None) -> bool:
    """Whether the store is an address; else it is a folder, or there is none."""
    return store is not None and "://" in store


def check_store(store: str | None, options: StoreOptions) -> None:
    """Raises `TableError` when the store is no address that there is a driver for, or has no such option."""
    if store is None or not is_address(store):
        return
    scheme, url, account = _parts(store)
    for f in fields(StoreOptions):
        if f.name != "packages" and getattr(options, f.name) is not None and f.name not in scheme.settings:
            known = ", ".join(f"`{name}`" for name in scheme.settings)
            raise TableError(f.name, f"a store at {url.partition('://')[0]}:// has no `{f.name}`", f"it has {known}")
    if account and options.account and account != options.account:
        raise TableError("account", f"the address says the account {account}", "say it once")


def spec_of(store: str, options: StoreOptions, config: Config) -> dict[str, Any]:
    """How tasks reach a store by its address: what `wye_runtime/store.py` takes."""
    scheme, url, account = _parts(store)
    settings: dict[str, Any] = {**scheme.always, **({"account_name": account} if account else {})}
    for name, made in scheme.settings.items():
        value = getattr(options, name)
        if value is not None:
            settings |= made(value)
    p = config.packages
    install = {k: v for k, v in (("index", p.index), ("extra", list(p.extra_index)), ("proxy", p.proxy)) if v}
    spec: dict[str, Any] = {"url": url, "driver": scheme.driver, "packages": list(packages_of(store, options)), "settings": settings}
    return spec | {k: v for k, v in (("put", scheme.put), ("get", scheme.get), ("install", install)) if v}


def packages_of(store: str | None, options: StoreOptions) -> tuple[str, ...]:
    """What must be installed where tasks run: the driver of the address."""
    if store is None or not is_address(store):
        return ()
    return options.packages or (_parts(store)[0].driver,)


def scheme_of(store: str) -> Scheme:
    return _parts(store)[0]


def _parts(store: str) -> tuple[Scheme, str, str | None]:
    """The scheme, the address as the driver takes it, and the account where the address says it (`abfs://container@account.dfs…/`)."""
    name, _, rest = store.partition("://")
    if name not in SCHEMES:
        help = "there are s3://, gs://, az:// and abfs://"
        if name in _MEANT or name == "file":
            help = f"write {_MEANT[name]}://" if name in _MEANT else "name the folder: /mnt/artifacts"
        raise TableError("store", f"there is no driver for a store at {name}://", help)
    scheme, account = SCHEMES[name], None
    bucket, slash, prefix = rest.partition("/")
    if "@" in bucket:
        bucket, _, host = bucket.partition("@")
        if scheme is not AZ or ":" in bucket or not _HOST.fullmatch(host):
            raise TableError(
                "store", "the address of the store has a user in it, which would stand in every artifact",
                "leave it out: where tasks run the driver finds credentials by its own means",
            )  # fmt: skip
        account = host.partition(".")[0]
    if not scheme.bucket.fullmatch(bucket):
        raise TableError("store", f"not the name of a bucket: {bucket!r}", f"write {name}://bucket/folder")
    if not _PREFIX.fullmatch(slash + prefix) or len(prefix) > 300:
        help = "letters, digits, `.`, `_`, `-` and `=`, at most 300; no part of it begins with `.`"
        raise TableError("store", f"not a folder of a store: {prefix!r}", help)
    return scheme, f"{'az' if scheme is AZ else name}://{bucket}{slash}{prefix}".rstrip("/"), account
