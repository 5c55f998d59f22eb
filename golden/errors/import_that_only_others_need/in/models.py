import torch
from wye import step

torch.manual_seed(1)  # error: [WYE6003]


@step(packages=["torch==2.9.0"])
def fit(rows: list[int]) -> object:
    return torch.tensor(rows)
