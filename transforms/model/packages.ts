/** Packages that only image classifiers need. */
import { loadSharp } from '../image/raster.js';
import { loadOptional } from '../optional-package.js';

const WANTED = 'models: an image classifier';
const INSTALL = '--ignore-scripts sharp onnxruntime-node';

/** Throws ConfigError where it is not installed. */
export function loadOnnxRuntime(): Promise<typeof import('onnxruntime-node')> {
  return loadOptional('onnxruntime-node', WANTED, INSTALL, async () => (await import('onnxruntime-node')).default);
}

/** Throws ConfigError where it is not installed. */
export const loadDecoder = () => loadSharp(WANTED, INSTALL);
