"""Where tasks run, said by target: for all tasks, for a step, for one call. What one target is told, the others do not hear."""

from wye import pipeline, step


@step(targets={"airflow": {"queue": "$HOME {{ ds }}", "priority_weight": 5}, "kubeflow": {"labels": {"team": "yes", "size": "1e3"}}})
def load(n: int) -> list[int]:
    return list(range(n))


@step
def double(x: int) -> int:
    return 2 * x


@step
def total(xs: list[int]) -> int:
    return sum(xs)


@pipeline(
    targets={
        "airflow": {"placement": {"queue": "batch", "executor_config": {"it's": [1, True, None, "{{ ds }}"]}}},
        "kubeflow": {
            "placement": {
                "node_selector": {"pool": "batch"},
                "labels": {"team": "no"},
                "tolerations": [{"key": "spot", "operator": "Exists", "effect": "NoExecute", "seconds": 60}],
                "shared_memory": "64Mi",
            }
        },
    }
)
def placement(n: int = 3) -> int:
    rows = load(n)
    doubled = [double(x) for x in rows]
    if n > 2:
        answer = total.options(targets={"airflow": {"queue": "large"}, "kubeflow": {"node_selector": {"pool": "large"}}})(doubled)
    else:
        answer = total(rows)
    return answer
