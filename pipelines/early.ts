import { parquetThread } from '../formats/parquet-thread.js';

/** Begins what takes time to start and needs nothing of the rest, while the rest is loaded. */
export function startEarly(): void {
  parquetThread();
}
