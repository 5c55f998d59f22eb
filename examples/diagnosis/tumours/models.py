"""The kinds of models."""

from __future__ import annotations

from sklearn.base import ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def forest(trees: int, seed: int) -> ClassifierMixin:
    return make_pipeline(RandomForestClassifier(n_estimators=trees, random_state=seed))


def linear(trees: int, seed: int) -> ClassifierMixin:
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000, random_state=seed))


KINDS = {"forest": forest, "linear": linear}
