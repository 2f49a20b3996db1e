/**
 * Installs Prism, Beam's runner in one binary, with Go: `node scripts/runners/install-prism.mjs` (minutes when Go's cache is
 * cold). PRISM names another binary to use.
 */
import { installAsCommand } from './command.mjs';
import { goBinary } from './go-binary.mjs';

/** `--runner prism` looks in the same places. */
export const { find: findPrism, install: installPrism } = goBinary({
  name: 'prism',
  title: 'Prism',
  // Of Beam's Go SDK.
  version: 'v2.77.0',
  variable: 'PRISM',
  source: 'github.com/apache/beam/sdks/v2/go/cmd/prism',
});

await installAsCommand(import.meta.url, installPrism);
