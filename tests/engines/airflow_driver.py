"""Runs inside an Airflow environment: cases in (JSON), what each DAG run did out (JSON).

    python airflow_driver.py CASES.json RESULTS.json      with AIRFLOW_HOME and AIRFLOW__CORE__DAGS_FOLDER set

A case is `{"id", "dag_id", "conf", "returns", "env"?}`; `env` is set while it runs. All DAG files are parsed once and all cases run in
this one process with `dag.test()`, because to import Airflow takes seconds. Works on Airflow 2.10, 2.11 and 3.x; needs Airflow alone.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path


def main() -> None:
    given = json.loads(Path(sys.argv[1]).read_text())
    from airflow.utils import db

    db.initdb()
    from airflow.models import Variable

    for name, value in given.get("variables", {}).items():
        Variable.set(name, value)
    folder = os.environ["AIRFLOW__CORE__DAGS_FOLDER"]
    bag, version = parse(folder)
    results = {
        "version": version,
        "import_errors": {os.path.relpath(k, folder): str(v)[-2000:] for k, v in bag.import_errors.items()},
        "files": sorted(os.path.relpath(d.fileloc, folder) for d in bag.dags.values()),
        "modules": sorted(n for n, m in sys.modules.items() if "_steps" in str(getattr(m, "__file__", None) or "")),
        "found": {syntax: found(folder, syntax) for syntax in ("regexp", "glob")},
        "dags": {d.dag_id: describe(d) for d in bag.dags.values()},
        "runs": {},
    }
    for case in given["cases"]:
        dag = bag.dags.get(case["dag_id"])
        results["runs"][case["id"]] = run(dag, case) if dag else {"state": None, "error": "no such DAG"}
        Path(sys.argv[2]).write_text(json.dumps(results))
    results["redacted"] = redacted(given.get("said", ""))
    Path(sys.argv[2]).write_text(json.dumps(results))


def parse(folder: str):
    """All DAGs below the folder, known to the database where `dag.test` asks for that."""
    from airflow import __version__ as version

    if version.startswith("2."):
        from airflow.logging_config import configure_logging
        from airflow.models import dag as module
        from airflow.models.dagbag import DagBag

        configure_logging()  # the migration set up its own, without the filter that masks secrets
        module._run_task = catching(module._run_task)
        return DagBag(folder, include_examples=False), version
    from airflow.dag_processing import dagbag
    from airflow.dag_processing.bundles.manager import DagBundlesManager

    DagBundlesManager().sync_bundles_to_db()
    bundle = next(iter(DagBundlesManager().get_all_dag_bundles()))
    make = getattr(dagbag, "BundleDagBag", None)
    if make:
        bag = make(dag_folder=bundle.path, bundle_path=bundle.path, bundle_name=bundle.name)
    else:
        bag = dagbag.DagBag(folder, include_examples=False)
    dagbag.sync_bag_to_db(bag, bundle.name, None)
    # `dag.test` would parse and store the whole folder again before each run
    dagbag.sync_bag_to_db = lambda *args, **kwargs: None
    dagbag.BundleDagBag = lambda *args, **kwargs: bag
    return bag, version


def catching(run_task):
    """`dag.test` of Airflow 2 dies of a time-out, which is no `Exception` there; its workers do not."""
    from airflow.exceptions import AirflowTaskTimeout

    def call(*args, **kwargs):
        try:
            return run_task(*args, **kwargs)
        except AirflowTaskTimeout as error:
            raise RuntimeError("time-out") from error

    return call


def found(folder: str, syntax: str) -> list:
    """The files that Airflow would parse, whatever stands in them."""
    from airflow.utils.file import list_py_file_paths

    os.environ["AIRFLOW__CORE__DAG_IGNORE_FILE_SYNTAX"] = syntax
    try:
        return sorted(os.path.relpath(f, folder) for f in list_py_file_paths(folder, safe_mode=False))
    finally:
        del os.environ["AIRFLOW__CORE__DAG_IGNORE_FILE_SYNTAX"]


def describe(dag) -> dict:
    """What the tests check about a parsed DAG."""
    return {
        "tasks": {t.task_id: task(t) for t in dag.tasks},
        "schedule": repr(getattr(dag.timetable, "summary", None) or dag.timetable),
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "start_date": str(dag.start_date),
        "end_date": str(dag.end_date),
        "tags": sorted(dag.tags),
    }


def task(t) -> dict:
    partial = getattr(t, "partial_kwargs", None)  # of a mapped task

    def field(name: str):
        return getattr(t, name) if partial is None else partial.get(name)

    timeout = t.execution_timeout
    expanded = sorted(t.op_kwargs_expand_input.value) if partial is not None else []
    return {
        "upstream": sorted(t.upstream_task_ids),
        "rule": str(getattr(t.trigger_rule, "value", t.trigger_rule)),
        "expanded": expanded,
        "group": t.task_group.group_id if t.task_group else None,
        "retries": t.retries,
        "multiple_outputs": field("multiple_outputs"),
        "execution_timeout": timeout.total_seconds() if timeout else None,
        "exponential": bool(t.retry_exponential_backoff),
        "limit": t.max_active_tis_per_dagrun,
        "op_args": repr(tuple(field("op_args") or ())),
        "op_kwargs": sorted([*(field("op_kwargs") or {}), *expanded]),
    }


def run(dag, case: dict) -> dict:
    os.environ.update(case.get("env", {}))
    try:
        done = dag.test(run_conf=case["conf"])
    except Exception as error:  # a conf that Airflow refuses
        return {"state": None, "error": f"{type(error).__name__}: {error}"[:2000]}
    instances = sorted(done.get_task_instances(), key=lambda t: (t.task_id, t.map_index))
    states = [(t.task_id, t.map_index, str(getattr(t.state, "value", t.state))) for t in instances]
    return {
        "state": str(getattr(done.state, "value", done.state)),
        # of a mapped task, one state for each of its instances
        "tasks": {t: s for t, index, s in states if index < 0},
        "mapped": {t: [s for u, index, s in states if u == t and index >= 0] for t, index, _ in states if index >= 0},
        "tries": {t.task_id: t.try_number for t in instances},
        "outputs": returned(dag.dag_id, done.run_id, case["returns"]),
    }


def redacted(text: str) -> str:
    """The text as Airflow's log shows it after the runs (in Airflow 3 the supervisor does that, which `dag.test` has not)."""
    try:
        from airflow.sdk.execution_time.secrets_masker import redact
    except ImportError:  # Airflow 2
        from airflow.utils.log.secrets_masker import redact
    return redact(text)


def returned(dag_id: str, run_id: str, task_id):
    """The XCom `return_value` of the task that holds the pipeline's value."""
    from airflow.utils.session import create_session

    with create_session() as session:
        try:
            from airflow.models.xcom import XComModel
        except ImportError:  # Airflow 2
            from airflow.models.xcom import XCom

            return XCom.get_one(dag_id=dag_id, run_id=run_id, task_id=task_id, key="return_value", session=session)
        rows = session.query(XComModel).filter_by(dag_id=dag_id, run_id=run_id, task_id=task_id, key="return_value").all()
        return rows[0].value if rows else None


if __name__ == "__main__":
    main()
