"""`kubectl` for the cluster of the tests: the same command line in; manifests patched on the way, as kubernetes_engine.py says why."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import yaml
from kubernetes_engine import patched

REAL, OLD, SERVER = os.environ["WYE_REAL_KUBECTL"], bool(os.environ["WYE_OLD"]), os.environ["WYE_SERVER"]


def main(words: list[str]) -> int:
    place = words[words.index("-f") + 1] if "-f" in words else "-"
    if "apply" in words and os.path.isdir(place):
        texts = [f.read_text("utf-8") for f in sorted(Path(place).glob("*.yaml"))]
        documents = [patched(d, OLD, SERVER) for text in texts for d in yaml.safe_load_all(text)]
        words[words.index("-f") + 1] = "-"
        return subprocess.run([REAL, *words], input=yaml.safe_dump_all(documents), text=True).returncode
    source = next((w for w in words if w.startswith("--from=cronjob/")), None)
    if source and OLD:  # that kubectl knows no v1beta1
        before = words[: words.index("create")]
        found = subprocess.run(
            [REAL, *before, "get", "cronjob", source.partition("/")[2], "-o", "json"], capture_output=True, text=True, check=True
        )
        cron_job = json.loads(found.stdout)
        owner = {"apiVersion": "batch/v1beta1", "kind": "CronJob", "name": cron_job["metadata"]["name"], "uid": cron_job["metadata"]["uid"]}
        template = cron_job["spec"]["jobTemplate"]
        metadata = {**template.get("metadata", {}), "name": words[words.index("job") + 1], "ownerReferences": [owner]}
        metadata["annotations"] = {**metadata.get("annotations", {}), "cronjob.kubernetes.io/instantiate": "manual"}
        json.dump({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": template["spec"]}, sys.stdout)
        return 0
    os.execv(REAL, [REAL, *words])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
