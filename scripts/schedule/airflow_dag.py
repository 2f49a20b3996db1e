"""Balance every night. Needs m4-balance on the PATH of the workers, and the Variable m4_balance_config with the path of job.yaml."""

from datetime import datetime, timedelta

from airflow.models.dag import DAG
from airflow.operators.bash import BashOperator

with DAG(
    dag_id="m4_balance_nightly",
    schedule="0 3 * * *",
    start_date=datetime(2026, 1, 1),
    # What was missed is caught up by the command itself, from its ledger.
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=10)},
    tags=["m4-balance"],
) as dag:
    BashOperator(
        task_id="nightly",
        # Codes of which another try would end alike (configuration, data, a gate) end in 99, which fails without one.
        bash_command=(
            "m4-balance nightly {{ var.value.m4_balance_config }} --json --now {{ data_interval_end.strftime('%Y-%m-%dT%H:%MZ') }}"
            " || { code=$?; case $code in 2|3|10) exit 1;; *) exit $code;; esac; }"
        ),
        execution_timeout=timedelta(hours=6),
    )
