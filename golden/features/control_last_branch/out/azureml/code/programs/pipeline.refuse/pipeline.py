def refuse(text: str) -> None:
    raise RuntimeError(text)
