/** The short ids under which a worker reports its metrics (Fn API, MonitoringInfosMetadataRequest). */
import { MonitoringInfo } from 'apache-beam/proto/metrics';

/** A runner that has asked what an id means has the answer after this time. */
const SETTLED_MS = 1000;
/** A runner that never asks is given this many ids of a metric, and then the last of them. */
const MOST_FRESH = 1000;

/**
 * A metric gets another id in each bundle's last report until the runner has asked what one of them means. Of a report whose ids it does
 * not know, Prism 2.77 keeps the values by id until it has asked; a second bundle that ends meanwhile with the same ids puts its values in
 * their place, and the first bundle's are lost from the counters of the job. Reports of progress, which replace each other, share one.
 */
export class MetricIds {
  private readonly infos = new Map<string, { readonly metric: Metric; readonly info: MonitoringInfo }>();
  private readonly metrics = new Map<string, Metric>();

  /** `now`: milliseconds. */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** The id of the metric of this key in a report of progress. */
  inProgress(key: string, info: MonitoringInfo): string {
    const metric = this.metricOf(key);
    metric.progress ??= this.fresh(metric, info);
    return metric.progress;
  }

  /** The id of the metric of this key in the report of a bundle that is done. */
  atEnd(key: string, info: MonitoringInfo): string {
    const metric = this.metricOf(key);
    const { settled, last } = metric;
    if (settled !== undefined && this.now() - settled.since >= SETTLED_MS) return settled.id;
    if (last !== undefined && metric.ends === MOST_FRESH) return last;
    metric.ends++;
    metric.last = this.fresh(metric, info);
    return metric.last;
  }

  /** What the id means, for a runner that asks; undefined where it is none of ours. */
  asked(id: string): MonitoringInfo | undefined {
    const known = this.infos.get(id);
    if (known === undefined) return undefined;
    known.metric.settled ??= { id, since: this.now() };
    return known.info;
  }

  private metricOf(key: string): Metric {
    const known = this.metrics.get(key);
    if (known !== undefined) return known;
    const metric = { ends: 0 };
    this.metrics.set(key, metric);
    return metric;
  }

  private fresh(metric: Metric, info: MonitoringInfo): string {
    const id = `m${this.infos.size}`;
    this.infos.set(id, { metric, info: MonitoringInfo.create({ ...info, payload: new Uint8Array() }) });
    return id;
  }
}

interface Metric {
  progress?: string;
  /** Ids given to bundles that were done, and the last of them. */
  ends: number;
  last?: string;
  /** The id that the runner first asked for, and when. */
  settled?: { readonly id: string; readonly since: number };
}
