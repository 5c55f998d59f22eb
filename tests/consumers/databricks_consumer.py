"""Runs in an environment with databricks-bundles and databricks-sdk: jobs as JSON lines in; for each what the vendor's own code finds out.

A line is `{"name": …, "job": …}`; the answer `{"name": …, "problems": […]}`, where `round trip` means that the SDK gave back another job.
"""

import json
import sys

from databricks.bundles.jobs import Job
from databricks.sdk.service.jobs import JobSettings


def problems(job):
    found = []
    try:
        if Job.from_dict(job).as_dict() != job:
            found.append("bundles: another job")
    except Exception as error:
        found.append(f"bundles: {error}")
    try:
        if JobSettings.from_dict(job).as_dict() != job:
            found.append("sdk: another job")
    except Exception as error:
        found.append(f"sdk: {error}")
    return found


for line in sys.stdin:
    given = json.loads(line)
    print(json.dumps({"name": given["name"], "problems": problems(given["job"])}))
