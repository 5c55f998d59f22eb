"""What meets a requirement is what pip would leave as it is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from wye.runs.packages import normal, problem, unmet


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages: `tool` 2.1rc1 with an extra that is there, one that is not, and one that needs itself."""
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    install(
        tmp_path,
        "my_tool",
        "2.1rc1",
        'helper>=1; extra == "good"',
        'absent; extra == "bad"',
        'my-tool[good]; extra == "all"',
        "not a ! line",
    )
    install(tmp_path, "helper", "1.5")
    install(tmp_path, "broken", "1", "helper>=9")
    install(tmp_path, "outer", "1", "broken")
    install(tmp_path, "odd", "abc")
    install(tmp_path, "local", "3", origin="file:///src/local")
    return tmp_path


def install(site: Path, name: str, version: str, *needs: str, origin: str = "") -> None:
    folder = site / f"{name}-{version}.dist-info"
    folder.mkdir()
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {n}" for n in needs)]
    (folder / "METADATA").write_text("\n".join(lines) + "\n")
    if origin:
        (folder / "direct_url.json").write_text(f'{{"url": "{origin}", "dir_info": {{}}}}')


@pytest.mark.parametrize(
    ("requirement", "reason"),
    [
        ("my-tool", None),
        ("My.Tool", None),
        ("my_tool>=2", None),  # what is installed is no surprise, pre-release or not
        ("my-tool==2.1rc1", None),
        ("my-tool>=2.1", "is not met (2.1rc1 is installed)"),
        ("my-tool~=1.0", "is not met (2.1rc1 is installed)"),
        ("my-tool===2.1rc1", None),
        ("helper==1.*", None),
        ("helper!=1.5", "is not met (1.5 is installed)"),
        ("helper<1.5.post1,>=1.5a1", None),
        ("absent", "is not installed"),
        ("absent; python_version < '3'", None),
        ("absent; python_version > '3'", "is not installed"),
        ("helper<1; sys_platform == 'no-such'", None),
        ("my-tool[good]", None),
        ("my-tool[all]", None),
        ("my-tool[bad]", 'lacks what it needs: absent; extra == "bad" is not installed'),
        ("my-tool[unheard-of]", None),  # pip warns, and goes on
        ("broken", "lacks what it needs: helper>=9 is not met (1.5 is installed)"),
        ("outer", "lacks what it needs: helper>=9 is not met (1.5 is installed)"),
        ("odd>=1", "is not met (abc is installed)"),
        ("local @ file:///src/local", None),
        ("local @ file:///src/other", "is not met (3 is installed, from elsewhere)"),
        ("helper @ https://example.com/helper.whl", "is not met (1.5 is installed, from elsewhere)"),
    ],
)
def test_unmet(site: Path, requirement: str, reason: str | None) -> None:
    assert unmet(requirement) == reason


def test_normal() -> None:
    assert normal(["Scikit_Learn [B, a] >=1 , <2", "scikit-learn[a,b]<2,>=1", "x; python_version>'3'"]) == (
        "scikit-learn[a,b]<2,>=1",
        'x; python_version > "3"',
    )


def test_what_is_no_requirement() -> None:
    assert problem("six==1.17.0") is None
    assert problem("six==") is not None
    assert "\n" not in str(problem("six==1.0; nonsense > 3"))
