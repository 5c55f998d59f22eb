"""The objects and files in, `manifests.yaml` out: files become ConfigMaps, none larger than `kubectl apply` takes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from wye.backend.embed import File
from wye.backend.names import NameRules, spellings
from wye.backend.target import EmittedFile
from wye.backend.yaml import dump_all
from wye.diagnostics import CompileFailed, Diagnostic
from wye_targets.kubernetes.capabilities import MAX_BYTES, OBJECT_BYTES
from wye_targets.kubernetes.lower import Native

KEYS = NameRules(charset="A-Za-z0-9._-", fill="_", limit=200, lower=False, first="A-Za-z0-9_")
"""Keys of a ConfigMap; `boot.py` knows by `index.json` which path each stands for."""


def emit(native: Native) -> tuple[EmittedFile, ...]:
    maps, index = config_maps(native)
    index_map = _config_map(native, "index", {"index.json": json.dumps(index, indent=1) + "\n"})
    cron_job = deepcopy(native.cron_job)
    code = cron_job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["volumes"][0]["projected"]["sources"]
    code += [{"configMap": {"name": m["metadata"]["name"]}} for m in (*maps, index_map)]
    objects = [
        *native.objects,
        cron_job,
        *sorted([*maps, index_map], key=lambda m: "-runtime" in m["metadata"]["name"]),
    ]  # for who reads it
    return (EmittedFile("manifests.yaml", _header(native) + dump_all(objects)),)


def config_maps(native: Native) -> tuple[list[dict[str, Any]], dict[str, list[str]]]:
    """The ConfigMaps, and for each path the keys of its parts."""
    paths = [path for files in native.files.values() for path, _ in files]
    keys = spellings((p.replace("/", "__") for p in paths), KEYS, ("index.json",))
    maps: list[dict[str, Any]] = []
    index: dict[str, list[str]] = {}
    whole = 0
    for kind, files in native.files.items():
        held: dict[str, str] = {}
        room, count = OBJECT_BYTES, 0
        for key, path, text in _parts(files, keys):
            size = _size(key) + _size(text)
            if size > room and held:
                count += 1
                maps.append(_config_map(native, kind if count == 1 else f"{kind}-{count}", held))
                held, room = {}, OBJECT_BYTES
            held[key] = text
            room -= size
            whole += size
            index.setdefault(path, []).append(key)
        if held:
            maps.append(_config_map(native, kind if count == 0 else f"{kind}-{count + 1}", held))
    if whole > MAX_BYTES:
        message = f"code and plan take {whole:,} bytes, and ConfigMaps are for {MAX_BYTES:,} at most"
        help = 'build images that have the programs (packaging = "image" in [code]), split the pipeline, or read large constants from files'
        raise CompileFailed([Diagnostic("WYE4004", message, native.span, help=help, target="kubernetes")])
    return maps, index


def _config_map(native: Native, kind: str, data: dict[str, str]) -> dict[str, Any]:
    metadata = {**native.metadata, "name": f"{native.name}-{kind}"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def _parts(files: tuple[File, ...], keys: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    """Key, path and text; of a file that no ConfigMap would take, in parts, cut between lines where there are any."""
    for path, text in files:
        key = keys[path.replace("/", "__")]
        if _size(text) + _size(key) <= OBJECT_BYTES:
            yield key, path, text
            continue
        number = 0
        while text:
            number += 1
            most = OBJECT_BYTES // 8  # no character takes more than six bytes
            cut = len(text) if len(text) <= most else text.rfind("\n", 0, most) + 1 or most
            yield f"{key}.{number:03}", path, text[:cut]
            text = text[cut:]


def _size(text: str) -> int:
    """Bytes of a text as Go writes JSON."""
    return len(json.dumps(text, ensure_ascii=False).encode("utf-8", "surrogatepass")) + 5 * len(re.findall("[<>&\u2028\u2029\x7f]", text))


def _header(native: Native) -> str:
    name = native.name
    return (
        f"# Install:  kubectl apply -f .\n"
        f"# Run:      kubectl create job --from=cronjob/{name} {name[:40]}-1\n"
        f"# Follow:   kubectl logs -f job/{name[:40]}-1\n"
        f"# Result:   kubectl get job {name[:40]}-1 -o yaml    (annotations wye/status, wye/outputs)\n"
    )
