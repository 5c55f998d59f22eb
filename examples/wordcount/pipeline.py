"""Count the words of a small library, with files and folders as artifacts and the standard library alone."""

from __future__ import annotations

from pathlib import Path

from books import BOOKS
from text import count_words, most_common
from wye import pipeline, step


@step
def library() -> Path:
    """A folder with one text file for each book."""
    folder = Path("library")
    folder.mkdir()
    for title, text in BOOKS.items():
        (folder / f"{title}.txt").write_text(text, encoding="utf-8")
    return folder


@step
def count(folder: Path, least_length: int = 1) -> tuple[dict[str, int], int]:
    """How often each word occurs in all the books, and how many files were read."""
    total: dict[str, int] = {}
    files = sorted(folder.glob("*.txt"))
    for file in files:
        for word, n in count_words(file.read_text(encoding="utf-8"), least_length).items():
            total[word] = total.get(word, 0) + n
    return total, len(files)


@step
def chart(words: dict[str, int], top: int) -> Path:
    """A text file with a bar for each of the most common words."""
    lines = [f"{word:12} {'#' * n} {n}" for word, n in most_common(words, top)]
    Path("chart.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Path("chart.txt")


@step
def first_line(file: Path) -> str:
    return file.read_text(encoding="utf-8").splitlines()[0]


@pipeline
def wordcount(top: int = 5, least_length: int = 4) -> dict[str, object]:
    books = library()
    words, files = count(books, least_length)
    drawn = chart(words, top)
    return {"files": files, "words": len(words), "longest": max(words, key=lambda word: len(word)), "top": first_line(drawn)}


if __name__ == "__main__":
    print(wordcount())
