/** Figures of a run by OTLP over HTTP, for a collector of OpenTelemetry (https://opentelemetry.io/docs/specs/otlp/#otlphttp, as JSON). */
import type { Metric } from '../../transforms/nightly/metrics.js';

const EXPORT_MILLISECONDS = 10_000;
/** Of the specification; headers, compression and certificates are told by their like, which the exporter reads. */
const ENDPOINT_VARIABLES = ['OTEL_EXPORTER_OTLP_METRICS_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'] as const;

/** Whether there is a collector to be told: the configuration's, or that of the variables of OpenTelemetry. */
export function hasCollector(url: string | undefined): boolean {
  return url !== undefined || ENDPOINT_VARIABLES.some((name) => process.env[name]);
}

/**
 * Sends the metrics, each a gauge, once. `url`: of the collector's metrics, as http://collector:4318/v1/metrics; undefined: by the variables of OpenTelemetry.
 * `output`: output.directory, an attribute of the resource. Throws where the collector did not take them.
 */
export async function sendMetrics(url: string | undefined, metrics: readonly Metric[], output: string): Promise<void> {
  const [{ MeterProvider, MetricReader }, { OTLPMetricExporter }, resources] = await Promise.all([
    import('@opentelemetry/sdk-metrics'),
    import('@opentelemetry/exporter-metrics-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  /** Read once, by us. */
  class Reader extends MetricReader {
    protected async onForceFlush() {}
    protected async onShutdown() {}
  }
  const { resourceFromAttributes, detectResources, envDetector } = resources;
  const own = resourceFromAttributes({ 'service.name': 'm4-balance', 'm4_balance.output': output });
  const reader = new Reader();
  const resource = own.merge(detectResources({ detectors: [envDetector] }));
  const provider = new MeterProvider({ resource, readers: [reader] });
  const exporter = new OTLPMetricExporter({
    timeoutMillis: EXPORT_MILLISECONDS,
    ...(url === undefined ? {} : { url }),
  });
  try {
    const meter = provider.getMeter('m4-balance nightly');
    for (const { name, help, value } of metrics) meter.createGauge(name, { description: help }).record(value);
    const { resourceMetrics, errors } = await reader.collect();
    if (errors.length > 0) throw errors[0];
    await new Promise<void>((resolve, reject) => {
      exporter.export(resourceMetrics, ({ code, error }) => {
        if (code === 0) resolve();
        else reject(error ?? new Error('the collector did not take the metrics'));
      });
    });
  } finally {
    await exporter.shutdown();
    await provider.shutdown();
  }
}
