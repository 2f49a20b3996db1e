/** Tags of some rows, and tags of some rows put back among all of them. */
import { type Tags, UNKNOWN } from '../../schemas/tags.js';

/** The rows with `drop[i] === 0`, in order. */
export function keptRows(drop: Uint8Array): Uint32Array {
  let kept = 0;
  for (let i = 0; i < drop.length; i++) if (drop[i] === 0) kept++;
  const indices = new Uint32Array(kept);
  for (let i = 0, at = 0; i < drop.length; i++) if (drop[i] === 0) indices[at++] = i;
  return indices;
}

/** Row i of the result is row `indices[i]` of the tags; indices ascending. */
export function selectTags(tags: Tags, indices: Uint32Array): Tags {
  if (indices.length === tags.rows) return tags;
  const m = tags.rows === 0 ? 0 : tags.attributes.length / tags.rows;
  const attributes = new Uint8Array(indices.length * m);
  const offsets = new Uint32Array(indices.length + 1);
  const labels = new Uint16Array(tags.offsets[tags.rows] - tags.offsets[0]);
  let at = 0;
  for (let i = 0; i < indices.length; i++) {
    const row = indices[i];
    for (let k = 0; k < m; k++) attributes[i * m + k] = tags.attributes[row * m + k];
    for (let p = tags.offsets[row]; p < tags.offsets[row + 1]; p++) labels[at++] = tags.labels[p];
    offsets[i + 1] = at;
  }
  const selected = { rows: indices.length, attributes, offsets, labels: labels.subarray(0, at) };
  if (tags.rounding === undefined) return selected;
  const rounding = new Float32Array(attributes.length);
  indices.forEach((row, i) => {
    rounding.set(tags.rounding!.subarray(row * m, (row + 1) * m), i * m);
  });
  return { ...selected, rounding };
}

/** Tags of `rows` rows in which row `indices[i]` has row i of `tags`, and every other row has nothing known and no label; roundings are left out. */
export function scatterTags(tags: Tags, indices: Uint32Array, rows: number, m: number): Tags {
  if (tags.rows === rows) return tags;
  const attributes = new Uint8Array(rows * m).fill(UNKNOWN);
  const offsets = new Uint32Array(rows + 1);
  for (let i = 0, row = 0; row < rows; row++) {
    if (indices[i] === row) {
      attributes.set(tags.attributes.subarray(i * m, (i + 1) * m), row * m);
      offsets[row + 1] = offsets[row] + tags.offsets[i + 1] - tags.offsets[i];
      i += 1;
    } else offsets[row + 1] = offsets[row];
  }
  return { rows, attributes, offsets, labels: tags.labels };
}
