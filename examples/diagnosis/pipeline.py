"""Train and evaluate a classifier of breast tumours on the Wisconsin data set, which ships inside scikit-learn.

Run it as plain Python (`python pipeline.py`), here (`wye run pipeline.py`), or on an orchestrator (`wye compile pipeline.py -t kubeflow`).
"""

from __future__ import annotations

from tumours import PACKAGES
from tumours.data import load, split
from tumours.training import evaluate, fit, require
from wye import Retry, Schedule, pipeline


@pipeline(
    schedule=Schedule(cron="0 6 * * mon", timezone="UTC"),
    defaults={"packages": PACKAGES, "retry": Retry(1, delay="5s"), "timeout": "10m"},
    tags={"team": "screening"},
)
def diagnosis(test_share: float = 0.25, trees: int = 60, seed: int = 7, least_auc: float = 0.95) -> dict[str, float]:
    """Compare a forest with a linear model, keep the metrics of both, and fail when neither is good enough."""
    table = load()
    training, test = split(table, test_share, seed)
    scores = {}
    for kind in ["forest", "linear"]:
        model, importance = fit(training, kind, trees=trees, seed=seed)
        metrics = evaluate(model, test)
        scores[kind] = metrics.auc
        scores[f"{kind}_recall"] = metrics.recall
        scores[f"{kind}_features"] = len(importance)
    require(max(scores["forest"], scores["linear"]), least_auc)
    return scores


if __name__ == "__main__":
    for name, value in diagnosis().items():
        print(f"{name:16} {value:.4f}")
