/**
 * Installs fake-gcs-server, an emulator of Google Cloud Storage in one binary, with Go: `node scripts/runners/install-gcs.mjs` (minutes
 * when Go's cache is cold). FAKE_GCS_SERVER names another binary to use.
 */
import { installAsCommand } from './command.mjs';
import { goBinary } from './go-binary.mjs';

export const { find: findGcs, install: installGcs } = goBinary({
  name: 'fake-gcs-server',
  title: 'fake-gcs-server',
  version: 'v1.56.1',
  variable: 'FAKE_GCS_SERVER',
  source: 'github.com/fsouza/fake-gcs-server',
});

await installAsCommand(import.meta.url, installGcs);
