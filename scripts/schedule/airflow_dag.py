"""Balance every night, on Airflow 3. Needs m4-balance on the PATH of the workers, and the Variable m4_balance_config with the path of job.yaml."""

from datetime import timedelta

import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException


class NightlyOperator(BashOperator):
    """Tries again, but not after exit codes of which another try would end alike: configuration, data, a gate."""

    def __init__(self, **kwargs):
        super().__init__(skip_on_exit_code=[2, 3, 10], **kwargs)

    def execute(self, context):
        try:
            return super().execute(context)
        except AirflowSkipException as error:
            raise AirflowFailException(str(error)) from error


with DAG(
    dag_id="m4_balance_nightly",
    schedule="0 3 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    # What was missed is caught up by the command itself, from its ledger.
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=10)},
    tags=["m4-balance"],
) as dag:
    NightlyOperator(
        task_id="nightly",
        bash_command=(
            "m4-balance nightly {{ var.value.m4_balance_config }} --json"
            " --now {{ dag_run.run_after.strftime('%Y-%m-%dT%H:%MZ') }}"
        ),
        execution_timeout=timedelta(hours=6),
    )
