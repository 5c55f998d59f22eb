"""Runs in an environment with azure-ai-ml: files of pipeline jobs and schedules as JSON lines in; for each what the vendor's code finds.

A line is `{"name": …, "job": PATH}`, or `{"name": …, "schedule": PATH}`; the answer `{"name": …, "problems": […], "rest": …}`, where
`rest` is what would be sent to the service.
"""

import json
import logging
import sys

from azure.ai.ml import load_job
from azure.ai.ml.entities._load_functions import load_schedule

logging.disable(logging.WARNING)


def rest(entity):
    made = entity._to_rest_object()
    return made.as_dict() if hasattr(made, "as_dict") else made.serialize()


def looked_at(given):
    """The problems, and the request. Neither asks the network."""
    try:
        entity = load_job(given["job"]) if "job" in given else load_schedule(given["schedule"])
    except Exception as error:
        return [f"load: {error}"], None
    result = entity._validate()
    problems = [] if result.passed else [f"validate: {result._to_dict()['errors']}"]
    try:
        return problems, rest(entity)
    except Exception as error:
        return [*problems, f"rest: {error}"], None


for line in sys.stdin:
    given = json.loads(line)
    problems, made = looked_at(given)
    print(json.dumps({"name": given["name"], "problems": problems, "rest": made}, default=str), flush=True)
