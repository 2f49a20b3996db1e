import { setFlagsFromString } from 'node:v8';
import { parquetThread } from '../formats/parquet-thread.js';

/** A run is young so long: there is little to collect, and looking for it takes a tenth of a short run's time (measured). */
const YOUNG_MILLISECONDS = 2000;

/** Begins what takes time to start and needs nothing of the rest, while the rest is loaded; and tells V8 what runs are like. */
export function startEarly(): void {
  // The main thread's young generation stays as it is when V8 starts. What a pass throws away lies outside of it, in array buffers, which go
  // when it is collected: one that grows, to 64 MB on Node 24, keeps as much again alive and is no faster (measured).
  setFlagsFromString('--semi-space-growth-factor=1');
  // Batches that come from the other thread, and go back, count as growth: V8 would look through the whole heap ten times a second. Later it may.
  setFlagsFromString('--heap-growing-percent=900');
  setTimeout(() => setFlagsFromString('--heap-growing-percent=0'), YOUNG_MILLISECONDS).unref();
  // The functions of parquet-wasm are compiled a second time, to be faster, only once they have run for long: at V8's own 2 or 13 million that takes
  // a fifth of a second of the time of other threads, which a short run does not get back, and a long run is as fast (measured).
  setFlagsFromString('--wasm-tiering-budget=100000000');
  // JavaScript too, on Node 20 alone: it makes fast code of a function four times as soon as need be, and compiles at once what may never be called.
  if (Number(process.versions.node.split('.')[0]) < 22) {
    setFlagsFromString('--interrupt-budget=264000');
    setFlagsFromString('--max-lazy');
  }
  parquetThread();
}
