/**
 * Installs programs that open what m4-balance writes (TensorFlow Datasets, webdataset, Hugging Face datasets, pyarrow, DuckDB, Polars), in an
 * environment of their own: `node scripts/runners/install-readers.mjs`. READERS_VENV names another environment, PYTHON another Python.
 */
import { installAsCommand } from './command.mjs';
import { pythonEnvironment } from './python-environment.mjs';

/** Finds and installs a Python that has them. */
export const { find: findReaders, install: installReaders } = pythonEnvironment({
  name: 'readers-1',
  variable: 'READERS_VENV',
  packages: [
    'tensorflow-cpu==2.21.0',
    'tensorflow-datasets==4.9.10',
    // TensorFlow Datasets imports it and does not ask for it.
    'importlib_resources==7.1.0',
    'ml_collections==1.1.0',
    'webdataset==1.0.2',
    'datasets==5.2.0',
    'pyarrow==26.0.1',
    'duckdb==2.0.0',
    'polars==2.1.0',
    'pillow==13.0.0',
    'numpy==2.4.6',
  ],
  needs: 'the readers need Python 3.11 or newer',
});

await installAsCommand(import.meta.url, installReaders);
