/** Runs contestants in turn: A B A B, so that whatever else the machine does falls on all of them. */
import { type Absent, type Contestant, isAbsent } from './contestant.js';
import type { Entry, Figures } from './figures.js';

export interface Contest {
  /** In the order given, without those that are absent. */
  readonly entries: readonly Entry[];
  /** A sentence for each contestant that is absent. */
  readonly absent: readonly string[];
}

/** Rounds that are not counted, then `runs` that are. Whatever happens, no contestant is left running. */
export async function contest(
  starts: readonly (() => Promise<Contestant | Absent>)[],
  runs: number,
  warmUps = 1,
): Promise<Contest> {
  const present: Contestant[] = [];
  const absent: string[] = [];
  try {
    for (const start of starts) {
      const contestant = await start();
      if (isAbsent(contestant)) absent.push(`${contestant.name} is absent (${contestant.absent}): no ratio`);
      else present.push(contestant);
    }
    const figures = present.map((): Figures[] => []);
    for (let round = 0; round < warmUps + runs; round++) {
      for (const [i, contestant] of present.entries()) {
        const result = await contestant.run();
        if (round >= warmUps) figures[i]!.push(result);
      }
    }
    return { entries: present.map(({ name }, i) => ({ name, runs: figures[i]! })), absent };
  } finally {
    for (const contestant of present) contestant.close();
  }
}
