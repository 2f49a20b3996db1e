/**
 * One tagging pass as a whole process. Arguments: INPUT FOLDER, and `beam`, a pipeline on the direct runner in which batches pass from step
 * to step, or `loop`, the same kernels without Beam.
 */
import module from 'node:module';
import { startEarly } from '../pipelines/early.js';

// Both as the command does.
if ('enableCompileCache' in module) (module.enableCompileCache as () => void)();
startEarly();

await import('./tag-pass.js');
