from acme.rates import rate


def convert(amount: float, currency: str) -> float:
    return amount * rate(currency)
