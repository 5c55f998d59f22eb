"""The shape of the code: who may import whom is import-linter's; what it cannot say is here."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

from wye.backend.embed import runtime_files

ROOT = Path(__file__).parents[1]
CORE_LIMIT = 24 * 1024
"""Bytes of the embedded runtime without the plan interpreter, as it is compressed into an artifact."""


def test_who_may_import_whom() -> None:
    command = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def imports(file: Path) -> list[str]:
    """The modules that a file imports anywhere, a relative one with its dots."""
    found = []
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found += [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append("." * node.level + (node.module or ""))
    return found


def test_the_runtime_imports_the_standard_library_alone() -> None:
    foreign = {
        f"{file.name}: {name}"
        for file in (ROOT / "compiler/wye/runtime").glob("*.py")
        for name in imports(file)
        if not name.startswith(".") and name.partition(".")[0] not in sys.stdlib_module_names
    }
    assert foreign == set()
    assert not [n for f in (ROOT / "compiler/wye/runtime").glob("*.py") for n in imports(f) if n.startswith("..")]


def test_the_sdk_imports_the_standard_library_alone() -> None:
    """Importing it loads nothing else."""
    program = "import sys; old = set(sys.modules); import wye; print(*{m.partition('.')[0] for m in set(sys.modules) - old})"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert {m for m in loaded if m not in sys.stdlib_module_names} == {"wye"}


def test_the_embedded_core_is_small() -> None:
    import base64

    from wye.backend.embed import payload

    assert len(base64.b64decode(payload(runtime_files()))) <= CORE_LIMIT


def test_every_module_says_what_it_is() -> None:
    silent = []
    for root in ("compiler/wye", "targets/wye_targets", "templates/wye_templates"):
        for file in sorted((ROOT / root).rglob("*.py")):
            tree = ast.parse(file.read_text("utf-8"))
            if tree.body and not ast.get_docstring(tree):
                silent.append(str(file.relative_to(ROOT)))
    assert silent == []


def test_nothing_says_where_it_was_made() -> None:
    """No file of the project holds an absolute path of somebody's machine."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    words = ["/" + "root/", "/" + "home/", "/" + "work/", "/" + "Users/"]
    found = []
    for name in listed.stdout.splitlines():
        file = ROOT / name
        if file.is_file() and file.suffix in (".py", ".md", ".toml", ".txt", ".yaml", ".json", ".jinja", ""):
            text = file.read_bytes().decode("utf-8", "replace")
            found += [f"{name}: {w}" for w in words if w in text]
    assert found == []
