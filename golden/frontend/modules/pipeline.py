import acme.flows.inner as inner
from acme import load as fetch
from acme.steps import *
from wye import pipeline as flow_of


@flow_of
def flow(n: int = 3) -> float:
    return inner.half(total(fetch(n)))
