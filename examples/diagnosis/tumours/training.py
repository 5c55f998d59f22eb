"""The models: fit, evaluate, and the gate before anything is deployed."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd
from sklearn.base import ClassifierMixin
from wye import Resources, Retry, step

from .data import TARGET
from .models import KINDS


class Metrics(NamedTuple):
    """How good a model is on the test rows; each field is an output of its own."""

    auc: float
    accuracy: float
    recall: float


class NotGoodEnough(Exception):
    """No model reaches the score that the pipeline asks for."""


@step(resources=Resources(cpu=2, memory="2Gi"), retry=Retry(2, delay="10s", backoff=2), env={"OMP_NUM_THREADS": "1"})
def fit(training: pd.DataFrame, kind: str, *, trees: int, seed: int) -> tuple[ClassifierMixin, dict[str, float]]:
    """The fitted model, and how much each measurement matters to it."""
    features = training.drop(columns=TARGET)
    model = KINDS[kind](trees, seed)
    model.fit(features, training[TARGET])
    weights = getattr(model[-1], "feature_importances_", None)
    if weights is None:
        weights = abs(model[-1].coef_[0])
    importance = {name: round(float(w), 6) for name, w in zip(features.columns, weights)}
    return model, dict(sorted(importance.items(), key=lambda item: -item[1]))


@step
def evaluate(model: ClassifierMixin, test: pd.DataFrame) -> Metrics:
    """The metrics of a model that was fitted on other rows."""
    from sklearn.metrics import accuracy_score, recall_score, roc_auc_score

    features, truth = test.drop(columns=TARGET), test[TARGET]
    guess = model.predict(features)
    auc = roc_auc_score(truth, model.predict_proba(features)[:, 1])
    metrics = Metrics(auc, accuracy_score(truth, guess), recall_score(truth, guess))
    print(metrics)
    return metrics


@step
def require(score: float, least: float) -> None:
    """The quality gate: what follows it in the pipeline waits for it."""
    if score < least:
        raise NotGoodEnough(f"the best model scores {score:.4f}, which is below {least}")
