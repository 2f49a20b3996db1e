/** Loaded before each test file by scripts/run-tests.mjs: the generated cases of a run all come from the seed that it prints. */
import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env.M4_SEED) });
