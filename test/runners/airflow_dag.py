"""Parses a folder of DAGs as Airflow's scheduler does, and runs the one task with each exit code: FOLDER [CODE...], JSON on the last line."""

import datetime
import json
import sys
import types

from airflow.dag_processing.dagbag import DagBag

folder, *codes = sys.argv[1:]
bag = DagBag(folder)
found = {"errors": list(bag.import_errors.values()), "dags": []}
for dag in bag.dags.values():
    [task] = dag.tasks
    run_after = datetime.datetime(2026, 11, 23, 3, 0, tzinfo=datetime.timezone.utc)
    context = {
        "dag_run": types.SimpleNamespace(run_after=run_after),
        "var": {"value": {"m4_balance_config": "job.yaml"}},
    }
    outcomes = {}
    for code in codes:
        task.bash_command = task.render_template(task.bash_command, context)
        task.env = {"CODE": code}
        task.append_env = True
        try:
            task.execute({})
            outcomes[code] = "done"
        except Exception as error:  # noqa: BLE001
            outcomes[code] = type(error).__name__
    found["dags"].append(
        {
            "id": dag.dag_id,
            "catchup": dag.catchup,
            "runs": dag.max_active_runs,
            "retries": task.retries,
            "timeout": task.execution_timeout.total_seconds(),
            "command": task.bash_command,
            "outcomes": outcomes,
        }
    )
print(json.dumps(found))
