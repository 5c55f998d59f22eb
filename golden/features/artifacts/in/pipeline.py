"""Artifacts of every kind: files, folders, pickles of a user's class, bytes, and paths inside lists, dicts and dataclasses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from models import Model
from wye import pipeline, step


@dataclass
class Report:
    title: str
    page: Path
    figures: list[Path]


@step
def write(name: str, text: str) -> Path:
    Path(name).write_text(text)
    return Path(name)


@step
def tree(depth: int) -> Path:
    root = Path("tree")
    for i in range(depth):
        folder = root / f"d{i}"
        folder.mkdir(parents=True)
        (folder / "leaf.txt").write_text(f"leaf {i}")
    (root / "empty").mkdir()
    return root


@step
def read(file: Path) -> str:
    return f"{file.name}: {file.read_text()}"


@step
def list_tree(root: Path) -> list[str]:
    return [root.name, *sorted(p.relative_to(root).as_posix() for p in root.rglob("*"))]


@step
def scribble(file: Path) -> str:
    """Changes its own copy only."""
    file.write_text("changed")
    return file.read_text()


@step
def several(n: int) -> list[Path]:
    found = []
    for i in range(n):
        folder = Path(f"part{i}")
        folder.mkdir()
        (folder / "data.txt").write_text(str(i))
        found.append(folder / "data.txt")
    return found


@step
def by_name() -> dict[str, Path]:
    Path("a.txt").write_text("A")
    Path("b").mkdir()
    Path("b/c.txt").write_text("C")
    return {"file": Path("a.txt"), "folder": Path("b")}


@step
def report(page: Path) -> Report:
    Path("fig.svg").write_text("<svg/>")
    return Report("t", page, [Path("fig.svg")])


@step
def read_report(r: Report) -> list[str]:
    return [r.title, r.page.name, r.page.read_text(), *(f.name for f in r.figures)]


@step
def read_all(files: list[Path]) -> list[str]:
    return [f"{f.name}={f.read_text()}" for f in files]


@step
def read_dict(files: dict[str, Path]) -> list[str]:
    return [files["file"].read_text(), (files["folder"] / "c.txt").read_text()]


@step
def fit(weights: list[float]) -> Model:
    return Model(weights)


@step
def predict(model: Model, x: float) -> float:
    return model.predict(x)


@step
def improve(model: Model) -> Model:
    model.weights.append(1.0)
    return model


@step
def is_model(model: Model) -> bool:
    return type(model) is Model


@step
def blob(n: int) -> bytes:
    return bytes(range(256)) * n


@step
def size(data: bytes) -> int:
    return len(data)


@step
def callback() -> object:
    return sorted


@step
def use(f: object, xs: list[int]) -> list[int]:
    return f(xs)


@pipeline
def artifacts(text: str = "hello\n") -> dict[str, object]:
    file = write("note.txt", text)
    same_name = write("note.txt", "other")
    model = fit([1.0, 2.0])
    better = improve(model)
    page = report(file)
    return {
        "file": [read(file), read(same_name), scribble(file), read(file)],
        "folder": list_tree(tree(2)),
        "list": read_all(several(3)),
        "dict": read_dict(by_name()),
        "dataclass": read_report(page),
        "model": [predict(model, 2.0), predict(better, 2.0), is_model(better)],
        "bytes": size(blob(3)),
        "function": use(callback(), [3, 1, 2]),
    }
