def frame(text: str) -> None:
    assert text == "gold 6"
