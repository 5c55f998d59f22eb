import wye


def shorter(text: str) -> str:
    return text[1:] if wye.context().run_id else ""
