#!/usr/bin/env node
/** The command `m4-balance`. */
import module from 'node:module';
import { startEarly } from '../pipelines/early.js';
import { runCommandLine } from './command-line.js';
import type { Job } from './job.js';

// From Node 22 on, compiled code is kept between runs: half of the time to start is compiling the dependencies.
if ('enableCompileCache' in module) (module.enableCompileCache as () => void)();

/** Commands that read data. */
const READING = ['balance', 'stats', 'evaluate-tags', 'nightly'];
if (READING.includes(process.argv[2] ?? '')) startEarly();

// A reader that has seen enough (`| head`) closes the pipe; the run goes on and its files are written.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

/** Loaded late: help and a mistake in the configuration need none of it. */
function loadJob(): Promise<Job> {
  return import('../pipelines/index.js');
}

process.exitCode = await runCommandLine(process.argv.slice(2), process, loadJob);
