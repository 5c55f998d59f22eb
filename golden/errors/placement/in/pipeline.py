from wye import pipeline, step


@step(targets={"airflow": {"que": "high"}, "kubeflow": {"service_account": "x"}})  # error: [WYE5006] [WYE4003]
def train(n: int) -> int:
    return n


@step(targets={"local": {"workers": 2}})  # error: [WYE4003]
def show(n: int) -> int:
    return n


@step(targets={"kubeflow": {"labels": {"team": "{{ x }}"}}})  # error: [WYE5008]
def tell(n: int) -> int:
    return n


@pipeline(
    targets={
        "airflow": {"placement": {"pool_slots": "two", "executor_config": {"pod_override": {}}}},  # error: [WYE5007]
        "kubeflow": {"placement": {"tolerations": [{"effect": "NoSchedule"}], "lables": {}}},  # error: [WYE5006] [WYE5008]
    }
)
def flow(n: int = 3) -> int:
    return tell(show(train(n)))
