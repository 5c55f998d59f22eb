"""Artifact files: each format gives back what was saved, or an error; the auto format tells itself apart."""

import dataclasses
import enum
import os
import pickle
import typing
from pathlib import Path

import pytest

from wye.runtime.files import copy_value, load, save
from wye.runtime.values import CannotTravel


@dataclasses.dataclass
class Report:
    title: str
    file: Path
    more: typing.Any = None


class Kind(enum.Enum):
    A = 1


class Model:
    """Something that only pickle takes."""

    def __init__(self, weights):
        self.weights = weights

    def __eq__(self, other):
        return type(other) is Model and other.weights == self.weights

    __hash__ = None


class Broken:
    def __reduce__(self):
        raise RuntimeError("no way")


def trip(value, t, format, folder):
    save(value, t, format, folder / "v")
    return load(folder / "v", format)


def test_json(tmp_path):
    assert trip({"a": (1, Kind.A)}, "any", "json", tmp_path) == {"a": (1, Kind.A)}
    assert (tmp_path / "v").read_text() == '{"a":{"\\u0024tuple":[1,{"\\u0024enum":["' + __name__ + ':Kind","A"]}]} }'


@pytest.mark.parametrize("value", [b"", b"\x80\x04.", b"\x80\x04K\x01.", bytes(range(256)) * 1000, b'{"$tuple": []}'])
def test_bytes_are_raw(tmp_path, value):
    assert trip(value, "bytes", "bytes", tmp_path) == value
    assert (tmp_path / "v").read_bytes() == value


def test_bytes_of_another_type_are_refused(tmp_path):
    with pytest.raises(TypeError, match="wanted bytes, got str"):
        save("a", "bytes", "bytes", tmp_path / "v")


def test_path_file_and_folder_keep_name_and_content(tmp_path):
    source = tmp_path / "src"
    (source / "sub" / "empty").mkdir(parents=True)
    (source / "sub" / "b.bin").write_bytes(b"\0\xff")
    (source / "out.txt").write_text("one")
    (tmp_path / "latest").symlink_to(source / "out.txt")
    value = {"one": source / "out.txt", "all": source, "link": tmp_path / "latest", "again": [source / "out.txt"]}
    back = trip(value, ("dict", "str", "json"), "path", tmp_path)
    assert [back["one"].name, back["all"].name, back["link"].name, back["again"][0].name] == ["out.txt", "src", "latest", "out.txt"]
    assert back["one"].read_text() == back["link"].read_text() == back["again"][0].read_text() == "one"
    assert not back["link"].is_symlink()
    assert sorted(str(p.relative_to(back["all"])) for p in back["all"].rglob("*")) == ["out.txt", "sub", "sub/b.bin", "sub/empty"]
    assert back["one"].is_absolute()
    assert sorted(os.listdir(tmp_path / "v")) == ["0", "1", "2", "3", "value.json"]


def test_the_copy_is_independent(tmp_path):
    source = tmp_path / "out.txt"
    source.write_text("one")
    back = trip(source, "path", "path", tmp_path)
    source.write_text("two")
    assert back.read_text() == "one"


@pytest.mark.parametrize("name", ["a b.txt", "{{ds}}.txt", "é😀.txt", "'q'.txt", "value.json", "0"])
def test_odd_names(tmp_path, name):
    (tmp_path / name).write_text("x")
    back = trip(tmp_path / name, "path", "path", tmp_path)
    assert (back.name, back.read_text()) == (name, "x")


def test_path_without_a_name_of_its_own(tmp_path, monkeypatch):
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "a").write_text("x")
    monkeypatch.chdir(tmp_path / "work")
    save(Path("."), "path", "path", tmp_path / "v")
    assert load(tmp_path / "v", "path").name == "work"
    assert (load(tmp_path / "v", "path") / "a").read_text() == "x"


def test_path_in_dataclass_and_optional(tmp_path):
    (tmp_path / "r").write_text("x")
    back = trip(Report("t", tmp_path / "r"), ("class", __name__ + ":Report", "path", "any"), "path", tmp_path)
    assert (back.title, back.file.read_text()) == ("t", "x")
    save(None, ("union", "path", "none"), "path", tmp_path / "none")
    assert load(tmp_path / "none", "path") is None


def test_a_path_class_of_ones_own_is_an_error(tmp_path):
    value = type("Place", (type(tmp_path),), {})(tmp_path)
    with pytest.raises(TypeError, match="wanted Path, got"):
        save(value, "path", "path", tmp_path / "v")
    with pytest.raises(CannotTravel):
        save(value, "any", "auto", tmp_path / "v")


def test_missing_path_is_an_error(tmp_path):
    with pytest.raises(CannotTravel, match="no such file or folder"):
        save(tmp_path / "nothing", "path", "path", tmp_path / "v")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_a_pipe_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CannotTravel, match="no such file or folder"):
        save(tmp_path / "pipe", "path", "path", tmp_path / "v")


@pytest.mark.parametrize("value", [1, None, "\x80\x04", b"\x80\x04K\x01.", [1, (2,)], {"$path": "0/a"}, "{", Kind.A])
def test_auto_uses_the_codec_where_it_can(tmp_path, value):
    assert trip(value, "any", "auto", tmp_path) == value
    assert (tmp_path / "v").read_bytes().isascii()


@pytest.mark.parametrize("value", [Model([1, 2]), [Model(1), 1.5], {"m": Model(1)}, {1: bytearray(b"a")}])
def test_auto_pickles_the_rest(tmp_path, value):
    assert trip(value, "any", "auto", tmp_path) == value
    assert (tmp_path / "v").read_bytes()[:2] == b"\x80\x04"
    save([value], ("list", "any"), "auto", tmp_path / "w")
    assert load(tmp_path / "w", "auto") == [value]


def test_auto_pickles_what_refers_to_itself(tmp_path):
    value = []
    value.append(value)
    back = trip(value, "any", "auto", tmp_path)
    assert back[0] is back


def test_auto_with_a_path_is_a_folder(tmp_path):
    (tmp_path / "f").write_text("x")
    back = trip([1, {"f": tmp_path / "f"}], "any", "auto", tmp_path)
    assert (back[0], back[1]["f"].read_text()) == (1, "x")
    assert (tmp_path / "v").is_dir()


def test_path_inside_a_pickle_is_an_error(tmp_path):
    for value in (Model(Path("a")), [Model(1), Path("a")], Model({"deep": [Path("a")]})):
        with pytest.raises(CannotTravel, match="Path inside a pickled object"):
            save(value, "any", "auto", tmp_path / "v")


@pytest.mark.parametrize("value", [lambda: 1, Broken(), [Broken()], (i for i in ())], ids=["lambda", "broken", "inside", "generator"])
def test_what_cannot_be_pickled_is_an_error(tmp_path, value):
    with pytest.raises(CannotTravel, match="cannot be pickled"):
        save(value, "any", "auto", tmp_path / "v")


def test_auto_checks_the_declared_type(tmp_path):
    with pytest.raises(TypeError, match=r"\$: wanted list\[Any\], got int"):
        save(1, ("list", "any"), "auto", tmp_path / "v")


def test_pickle_is_protocol_4(tmp_path):
    save(Model(1), "any", "auto", tmp_path / "v")
    assert pickle.loads((tmp_path / "v").read_bytes()) == Model(1)


def test_copy_value_leaves_nothing_behind_unless_there_is_a_file(tmp_path):
    (tmp_path / "keep").mkdir()
    (tmp_path / "f").write_text("x")
    value = {"m": Model([1])}
    copied = copy_value(value, "any", "auto", tmp_path / "keep")
    assert copied == value
    assert copied["m"] is not value["m"]
    assert copy_value(b"a", "bytes", "bytes", tmp_path / "keep") == b"a"
    with pytest.raises(CannotTravel):
        copy_value(lambda: 1, "any", "auto", tmp_path / "keep")
    assert os.listdir(tmp_path / "keep") == []
    one, two = (copy_value(tmp_path / "f", "path", "path", tmp_path / "keep") for _ in range(2))
    assert one != two
    assert one.name == two.name == "f"
    assert one.read_text() == two.read_text() == "x"


# --- lists of which each element travels by itself -------------------------------------------------------------------------------


@pytest.mark.parametrize(("format", "t", "value", "names"), [
    ("json*", ("list", "int"), list(range(11)), [f"{i}.json" for i in range(11)]),
    ("auto*", ("list", "any"), [1, Model(2), None, {"a": Model([])}], ["0", "1", "2", "3"]),
    ("bytes*", ("list", "bytes"), [b"", b"a", b"\xff" * 100], ["0", "1", "2"]),
    ("auto*", "any", [], []),
    ("json*", ("list", ("list", "float")), [[1.0], []], ["0.json", "1.json"]),
])  # fmt: skip
def test_a_list(tmp_path, format, t, value, names):
    save(value, t, format, tmp_path / "x")
    assert sorted(p.name for p in (tmp_path / "x").iterdir()) == sorted(names)
    assert load(tmp_path / "x", format) == value
    assert [type(v) for v in load(tmp_path / "x", format)] == [type(v) for v in value]


def test_each_element_is_written_as_it_would_be_alone(tmp_path):
    (tmp_path / "a.txt").write_text("a")
    save([tmp_path / "a.txt"], ("list", "path"), "path*", tmp_path / "x")
    save(tmp_path / "a.txt", "path", "path", tmp_path / "y")
    assert (tmp_path / "x/0/value.json").read_text() == (tmp_path / "y/value.json").read_text()
    save([1], ("list", "float"), "json*", tmp_path / "n")
    assert (tmp_path / "n/0.json").read_text() == "1.0"


def test_what_is_no_list_of_that_type(tmp_path):
    with pytest.raises(TypeError, match="wanted a list, got tuple"):
        save((1,), ("list", "int"), "json*", tmp_path / "x")
    with pytest.raises(TypeError, match="wanted int, got str"):
        save([1, "a"], ("list", "int"), "json*", tmp_path / "y")


def test_what_a_platform_keeps_beside_a_list(tmp_path):
    save([1, 2], ("list", "int"), "json*", tmp_path / "x")
    (tmp_path / "x/.folders.json").write_text("[]")
    assert load(tmp_path / "x", "json*") == [1, 2]
    (tmp_path / "x/0.json").unlink()
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "x", "json*")


def test_a_copy_of_a_list(tmp_path):
    (tmp_path / "a.txt").write_text("a")
    (made,) = copy_value([tmp_path / "a.txt"], ("list", "path"), "path*", tmp_path)
    assert (made != tmp_path / "a.txt", made.read_text()) == (True, "a")
