/** Labels of the rows of a batch, put together from what sources say row by row and of all rows at once. */

/** From here on a row's labels are sorted by the built-in sort, not by insertion. */
const MANY_LABELS = 32;

/** Sorts `labels[start .. end)` and drops repeats; returns the new end. */
export function sortUnique(labels: Uint16Array, start: number, end: number): number {
  if (end - start > MANY_LABELS) labels.subarray(start, end).sort();
  else {
    for (let i = start + 1; i < end; i++) {
      const label = labels[i]!;
      let j = i - 1;
      while (j >= start && labels[j]! > label) labels[j + 1] = labels[j--]!;
      labels[j + 1] = label;
    }
  }
  let last = start;
  for (let i = start + 1; i < end; i++) if (labels[i] !== labels[last]) labels[++last] = labels[i]!;
  return end === start ? start : last + 1;
}

/** Labels with their rows, in any order. One is used for many batches. */
export class LabelRows {
  private count = 0;
  /** Whether rows have come in order so far; the last of them. */
  private ordered = true;
  private last = 0;
  private rows: Uint32Array = new Uint32Array(1024);
  private labels: Uint16Array = new Uint16Array(1024);

  clear(): void {
    this.count = 0;
    this.ordered = true;
    this.last = 0;
  }

  add(row: number, label: number): void {
    if (row < this.last) this.ordered = false;
    this.last = row;
    if (this.count === this.rows.length) {
      const rows = new Uint32Array(this.rows.length * 2);
      rows.set(this.rows);
      this.rows = rows;
      const labels = new Uint16Array(this.labels.length * 2);
      labels.set(this.labels);
      this.labels = labels;
    }
    this.rows[this.count] = row;
    this.labels[this.count++] = label;
  }

  /** Labels by row, ascending, without repeats: of row i `labels[offsets[i] .. offsets[i + 1])`. */
  byRow(rows: number): { offsets: Uint32Array; labels: Uint16Array } {
    const { count } = this;
    const offsets = new Uint32Array(rows + 1);
    for (let i = 0; i < count; i++) offsets[this.rows[i]! + 1]!++;
    for (let row = 0; row < rows; row++) offsets[row + 1]! += offsets[row]!;
    const labels = this.ordered ? this.labels.slice(0, count) : this.sorted(offsets);
    let end = 0;
    let start = 0;
    for (let row = 0; row < rows; row++) {
      const stop = offsets[row + 1]!;
      if (end !== start) labels.copyWithin(end, start, stop);
      end = stop - start > 1 ? sortUnique(labels, end, end + stop - start) : end + stop - start;
      start = stop;
      offsets[row + 1] = end;
    }
    return { offsets, labels: end === count ? labels : labels.slice(0, end) };
  }

  /** Labels in the order of rows, of which i begins at `offsets[i]`. */
  private sorted(offsets: Uint32Array): Uint16Array {
    const next = offsets.slice(0, -1);
    const labels = new Uint16Array(this.count);
    for (let i = 0; i < this.count; i++) labels[next[this.rows[i]!]!++] = this.labels[i]!;
    return labels;
  }
}
