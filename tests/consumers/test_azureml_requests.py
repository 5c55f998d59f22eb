"""The files that `make verify-cloud TARGET=azureml` gives to `az ml job create`, under the vendor's own code (azure-ai-ml)."""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from test_azureml_jobs import Ask, consumer  # noqa: F401

from wye_targets.azureml.capabilities import AzuremlOptions

sys.path.append(str(Path(__file__).parents[1] / "cloud"))
verify, on_azureml = (importlib.import_module(name) for name in ("verify", "on_azureml"))


@dataclass(slots=True)
class Client(on_azureml.Client):  # type: ignore[misc, name-defined]
    files: list[str] = field(default_factory=list)

    def _az(self, *words: str, cwd: Path | None = None) -> Any:
        if words[0] == "create":
            assert cwd
            self.files.append(str(cwd / words[words.index("--file") + 1]))
        return {"name": f"job-{len(self.files)}", "status": "Canceled"} if words[0] in ("create", "show") else []


def test_every_file_is_taken_and_says_what_the_run_is_given(consumer: Ask, tmp_path: Path) -> None:  # noqa: F811
    client = Client(AzuremlOptions(), (), tmp_path)
    verify.verify(client, say=lambda line: None, pause=0)
    found = consumer([{"name": file, "job": file} for file in client.files])
    assert len(found) == len(verify.TRIALS)
    assert {f: a["problems"] for f, a in found.items() if a["problems"]} == {}
    texts = verify.typed(verify.GIVEN)
    sent = {n: v["value"] for n, v in found[client.files[0]]["rest"]["properties"]["inputs"].items()}
    assert {n: t for n, t in sent.items() if n in texts} == texts | {"flag": "True"}
    assert found[client.files[1]]["rest"]["properties"]["inputs"]["fail"]["value"] == "True"
