/** Ctrl-C: the first asks for a clean stop, the second leaves at once. */
import { EXIT } from './exit-codes.js';

export interface Interrupt {
  readonly signal: AbortSignal;
  /** The exit code of the signal that came, if one came. */
  code(): number | undefined;
  /** Gives the signals back to Node. */
  release(): void;
}

/** @param notice called at the first signal */
export function listenForInterrupt(notice: () => void): Interrupt {
  const controller = new AbortController();
  let code: number | undefined;
  const onSignal = (name: NodeJS.Signals) => {
    const asked = name === 'SIGINT' ? EXIT.interrupted : EXIT.terminated;
    if (code !== undefined) process.exit(asked);
    code = asked;
    notice();
    controller.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    code: () => code,
    release() {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
