/**
 * Installs Python's Beam SDK, whose job services run pipelines of any SDK (its portable runner) and submit to Dataflow, in an
 * environment of its own: `node scripts/runners/install-python.mjs`. BEAM_VENV names another environment, PYTHON another Python.
 */
import { installAsCommand } from './command.mjs';
import { pythonEnvironment } from './python-environment.mjs';

export const PYTHON_BEAM_VERSION = '2.77.0';

/** Finds and installs a Python that has apache-beam. */
export const { find: findPython, install: installPython } = pythonEnvironment({
  name: `python-beam-${PYTHON_BEAM_VERSION}`,
  variable: 'BEAM_VENV',
  packages: [`apache-beam[gcp]==${PYTHON_BEAM_VERSION}`],
  needs: 'Beam needs Python 3.10 or newer',
});

await installAsCommand(import.meta.url, installPython);
