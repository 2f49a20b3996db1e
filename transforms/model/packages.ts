/** Packages that only image classifiers need: not installed unless wanted, loaded when first asked for. */
import { ConfigError } from '../../schemas/errors.js';

async function load<T>(name: string, importing: () => Promise<T>): Promise<T> {
  try {
    return await importing();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : `${cause}`;
    throw new ConfigError([
      `models: an image classifier needs the package ${name}, which cannot be loaded (${reason}). npm install sharp onnxruntime-node --onnxruntime-node-install=skip`,
    ]);
  }
}

/** Throws ConfigError where it is not installed. */
export function loadOnnxRuntime(): Promise<typeof import('onnxruntime-node')> {
  return load('onnxruntime-node', async () => (await import('onnxruntime-node')).default);
}

/** Throws ConfigError where it is not installed. */
export function loadSharp(): Promise<typeof import('sharp').default> {
  return load('sharp', async () => (await import('sharp')).default);
}
