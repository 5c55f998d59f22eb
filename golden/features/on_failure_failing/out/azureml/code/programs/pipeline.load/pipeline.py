def load(n: int) -> int:
    if n > 1:
        raise LookupError("no {{ such }} row: 'x' \"y\" $HOME")
    return n
