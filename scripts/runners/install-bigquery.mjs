/**
 * Installs an emulator of BigQuery, PyPI's bqemulator, in an environment of its own: `node scripts/runners/install-bigquery.mjs`.
 * BIGQUERY_VENV names another environment, PYTHON another Python.
 */
import { installAsCommand } from './command.mjs';
import { pythonEnvironment } from './python-environment.mjs';

const VERSION = '1.4.0';

/** Finds and installs a Python that has bqemulator. */
export const { find: findBigQuery, install: installBigQuery } = pythonEnvironment({
  name: `bqemulator-${VERSION}`,
  variable: 'BIGQUERY_VENV',
  // It imports numpy and does not ask for it.
  packages: [`bqemulator==${VERSION}`, 'numpy==2.4.6'],
  needs: 'bqemulator needs Python 3.11 or newer',
});

await installAsCommand(import.meta.url, installBigQuery);
