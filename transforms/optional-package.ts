import { ConfigError } from '../schemas/errors.js';

/**
 * A package that is not installed unless wanted, loaded when first asked for.
 * @param wanted the key that wants it, and what for
 * @throws ConfigError where it cannot be loaded
 */
export async function loadOptional<T>(
  name: string,
  wanted: string,
  install: string,
  importing: () => Promise<T>,
): Promise<T> {
  try {
    return await importing();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : `${cause}`;
    throw new ConfigError([
      `${wanted} needs the package ${name}, which cannot be loaded (${reason}). npm install ${install}`,
    ]);
  }
}
