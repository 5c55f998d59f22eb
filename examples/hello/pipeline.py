"""The language in one file: steps, a pipeline in a pipeline, a loop that unrolls, an expression as an argument, an effect that waits."""

from wye import pipeline, step

LANGUAGES = {"en": "Hello", "de": "Grüezi", "it": "Ciao"}


@step
def greet(word: str, name: str) -> str:
    return f"{word}, {name}!"


@step
def shout(text: str, times: int = 1) -> str:
    return text.upper() + "!" * (times - 1)


@step
def publish(lines: list[str]) -> None:
    print("\n".join(lines))


@pipeline
def greeting(word: str, name: str, loud: bool = False) -> str:
    """One greeting. A pipeline is called like a step; where a platform has no pipelines in pipelines, it is inlined."""
    return shout(greet(word, name.title()), times=3 if loud else 1)


@pipeline
def hello(name: str = "ada lovelace") -> list[str]:
    lines = []
    for language in ["en", "de", "it"]:
        lines.append(greeting(LANGUAGES[language], name, loud=language == "it"))
    publish(lines)
    return lines


if __name__ == "__main__":
    hello()
