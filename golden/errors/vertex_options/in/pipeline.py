"""What Vertex AI is told in words that it does not know: a machine, an account for one step, a store elsewhere."""

from wye import pipeline, step


@step(targets={"vertex": {"machine": "m1-ultramem-40"}})  # error: [WYE5008]
def by_name() -> int:
    return 1


@step(targets={"vertex": {"service_account": "me@project.iam.gserviceaccount.com"}})  # error: [WYE4003]
def as_whom() -> int:
    return 1


@pipeline(
    targets={"vertex": {"store": "s3://bucket/$HOME"}},  # error: [WYE5008]
)
def main() -> int:
    return by_name() + as_whom()
