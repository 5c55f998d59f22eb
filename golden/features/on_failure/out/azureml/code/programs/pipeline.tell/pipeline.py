from wye import Failure


def tell(failure: Failure, prefix: str = "{{ds}} $HOME") -> dict[str, str]:
    raise SystemExit("nothing has failed")
