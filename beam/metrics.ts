import './sdk.js';
import { MonitoringInfo } from 'apache-beam/proto/metrics';
import protobufjs from 'protobufjs';

const { Reader, Writer } = protobufjs;

const SUM_URN = 'beam:metric:user:sum_int64:v1';
const DISTRIBUTION_URN = 'beam:metric:user:distribution_int64:v1';
const ELEMENT_COUNT_URN = 'beam:metric:element_count:v1';
const SUM_TYPE = 'beam:metrics:sum_int64:v1';
const DISTRIBUTION_TYPE = 'beam:metrics:distribution_int64:v1';
/** Java runners drop user metrics whose namespace is empty. */
const NAMESPACE = 'm4-balance';

/** Count, sum, minimum and maximum of integers. */
export interface Distribution {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
}

export function mergeDistributions(a: Distribution, b: Distribution): Distribution {
  if (a.count === 0) return b;
  if (b.count === 0) return a;
  return { count: a.count + b.count, sum: a.sum + b.sum, min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) };
}

interface Cell {
  readonly key: string;
  readonly info: () => MonitoringInfo;
  isSet(): boolean;
  payload(): Uint8Array;
  reset(): void;
}

/** A sum as an int64 varint; the SDK's is an int32. */
export interface CounterCell extends Cell {
  readonly name: string;
  value: number;
  /** Set by an addition, even of 0: the counter is reported then. */
  touched: boolean;
}

/** Four int64 varints; the SDK puts an int32 element count in front, which no runner expects. */
export interface DistributionCell extends Cell {
  readonly name: string;
  value: Distribution;
}

const EMPTY: Distribution = { count: 0, sum: 0, min: 0, max: 0 };

/** The metrics of one bundle processor: everything is zeroed between bundles. */
export class BundleMetrics {
  private readonly cells = new Map<string, Cell>();
  private readonly counterCells: CounterCell[] = [];

  counter(transformId: string, name: string): CounterCell {
    const key = `counter/${transformId}/${name}`;
    const known = this.cells.get(key) as CounterCell | undefined;
    if (known !== undefined) return known;
    const cell = sumCell(key, name, () => userInfo(SUM_URN, SUM_TYPE, transformId, name));
    this.cells.set(key, cell);
    this.counterCells.push(cell);
    return cell;
  }

  distribution(transformId: string, name: string): DistributionCell {
    const key = `distribution/${transformId}/${name}`;
    const known = this.cells.get(key) as DistributionCell | undefined;
    if (known !== undefined) return known;
    const cell: DistributionCell = {
      key,
      name,
      value: EMPTY,
      info: () => userInfo(DISTRIBUTION_URN, DISTRIBUTION_TYPE, transformId, name),
      isSet: () => cell.value.count > 0,
      payload: () => encodeInt64s(cell.value.count, cell.value.sum, cell.value.min, cell.value.max),
      reset: () => {
        cell.value = EMPTY;
      },
    };
    this.cells.set(key, cell);
    return cell;
  }

  /** How many elements passed through a PCollection: what runners show as progress. */
  elementCount(pcollectionId: string): CounterCell {
    const key = `elements/${pcollectionId}`;
    const cell = sumCell(key, '', () =>
      MonitoringInfo.create({ urn: ELEMENT_COUNT_URN, type: SUM_TYPE, labels: { PCOLLECTION: pcollectionId } }),
    );
    this.cells.set(key, cell);
    return cell;
  }

  reset(): void {
    for (const cell of this.cells.values()) cell.reset();
  }

  /** User counters by name, summed over transforms. */
  counters(): Map<string, number> {
    const totals = new Map<string, number>();
    for (const { name, value } of this.counterCells) totals.set(name, (totals.get(name) ?? 0) + value);
    return totals;
  }

  /** Everything that was set in this bundle, by cell key. */
  *report(): Iterable<{ key: string; info: MonitoringInfo }> {
    for (const cell of this.cells.values()) {
      if (cell.isSet()) yield { key: cell.key, info: { ...cell.info(), payload: cell.payload() } };
    }
  }
}

function sumCell(key: string, name: string, info: () => MonitoringInfo): CounterCell {
  const cell: CounterCell = {
    key,
    name,
    info,
    value: 0,
    touched: false,
    isSet: () => cell.touched || cell.value !== 0,
    payload: () => encodeInt64s(cell.value),
    reset: () => {
      cell.value = 0;
      cell.touched = false;
    },
  };
  return cell;
}

/** The protocol's label is PTRANSFORM. The SDK says TRANSFORM, with an empty namespace: Java runners drop such metrics. */
function userInfo(urn: string, type: string, transformId: string, name: string): MonitoringInfo {
  return MonitoringInfo.create({ urn, type, labels: { NAME: name, NAMESPACE, PTRANSFORM: transformId } });
}

function encodeInt64s(...values: number[]): Uint8Array {
  const writer = new Writer();
  for (const value of values) writer.int64(value);
  return writer.finish();
}

function decodeInt64s(payload: Uint8Array, count: number): number[] {
  const reader = new Reader(payload);
  // A Long where protobufjs finds that package, else a number.
  return Array.from({ length: count }, () => Number(reader.int64().toString()));
}

/** User counters of a job's metrics by name, summed over transforms; exact up to 2^53. */
export function countersOf(infos: Iterable<MonitoringInfo>): Map<string, number> {
  const totals = new Map<string, number>();
  for (const { urn, labels, payload } of infos) {
    if (urn !== SUM_URN) continue;
    totals.set(labels.NAME, (totals.get(labels.NAME) ?? 0) + decodeInt64s(payload, 1)[0]);
  }
  return totals;
}

/** User distributions of a job's metrics by name, merged over transforms. */
export function distributionsOf(infos: Iterable<MonitoringInfo>): Map<string, Distribution> {
  const totals = new Map<string, Distribution>();
  for (const { urn, labels, payload } of infos) {
    if (urn !== DISTRIBUTION_URN) continue;
    const [count, sum, min, max] = decodeInt64s(payload, 4);
    totals.set(labels.NAME, mergeDistributions(totals.get(labels.NAME) ?? EMPTY, { count, sum, min, max }));
  }
  return totals;
}
