"""Whole packages travel: what is imported by a computed name, found as a plugin or read from beside a module is there."""

import shop.prices
from shop import Offer, load_plugins
from wye import pipeline, step


@step
def prices(names: list[str]) -> dict[str, float]:
    return {name: shop.prices.price(name) for name in names}


@step
def offers(table: dict[str, float]) -> list[Offer]:
    return [Offer(name, price) for name, price in sorted(table.items())]


@step
def best(found: list[Offer]) -> str:
    return min(found, key=lambda o: o.price).name + " " + " ".join(load_plugins())


@pipeline
def packaging_tree(names: list[str] = ["tea", "salt"]) -> dict[str, object]:
    found = offers(prices(names))
    return {"best": best(found), "first": found[0].name}
