"""An upgrade of Wye that changes nothing leaves every artifact as it is: only the report names the version that made it."""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path

import pytest

from wye import cli
from wye.backend import registry
from wye.testing.cases import feature_cases

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[1]
NAMES = ("artifacts", "placement", "settings")
CASES = [c for c in feature_cases(ROOT) if c.name in NAMES]


def compiled(folder: Path, version: str, patch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """The bytes of every file that the command line writes, as Wye of this version."""
    patch.setattr(metadata.Distribution, "version", property(lambda own: version if own.name == "wye" else own.metadata["Version"]))
    for case in CASES:
        assert cli.run(["compile", str(case.source), *(f"--target={t}" for t in case.targets), "-o", str(folder)]) == 0
    return {f.relative_to(folder).as_posix(): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


def test_artifacts_do_not_name_the_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(CASES) == len(NAMES)
    monkeypatch.setenv("WYE_CACHE", "off")
    old = compiled(tmp_path / "old", "7.1.29", monkeypatch)
    new = compiled(tmp_path / "new", "8.64.137", monkeypatch)
    assert old.keys() == new.keys()
    assert {Path(name).parts[1] for name in old} == set(registry.names())
    reports = {name for name in old if name.count("/") == 2 and name.endswith("/report.json")}
    assert {name for name in old if old[name] != new[name]} == reports, "an upgrade that changes nothing diffs empty"
    assert {json.loads(new[name])["wye"] for name in reports} == {"8.64.137"}
    assert not [name for name in old if name not in reports and (b"7.1.29" in old[name] or b"8.64.137" in new[name])]
