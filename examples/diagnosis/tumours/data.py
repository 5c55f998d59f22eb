"""The table of measurements, and its split."""

from __future__ import annotations

import pandas as pd
from wye import Resources, step

TARGET = "malignant"


def tidy(name: str) -> str:
    """`mean radius` as `mean_radius`."""
    return name.strip().lower().replace(" ", "_")


@step(resources=Resources(cpu=1, memory="1Gi"), cache=True)
def load() -> pd.DataFrame:
    """All 569 tumours: 30 measurements each, and whether it is malignant."""
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer(as_frame=True)
    table = data.frame.rename(columns=tidy)
    table[TARGET] = 1 - table.pop("target")
    print(f"{len(table)} tumours, {int(table[TARGET].sum())} of them malignant")
    return table


@step
def split(table: pd.DataFrame, test_share: float, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Training and test rows, with the same share of malignant tumours in both."""
    from sklearn.model_selection import train_test_split

    training, test = train_test_split(table, test_size=test_share, random_state=seed, stratify=table[TARGET])
    return training.reset_index(drop=True), test.reset_index(drop=True)
