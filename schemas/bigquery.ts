/** BigQuery in the configuration: where results are loaded to, and what is read from there. */
import * as z from 'zod';

const text = z.string().min(1);
const project = z
  .string()
  .regex(/^[a-z0-9][a-z0-9.:-]*$/)
  .meta({ title: 'the id of a Google Cloud project' });
const datasetId = z
  .string()
  .regex(/^[A-Za-z0-9_]{1,1024}$/)
  .meta({ title: 'the name of a BigQuery dataset: letters, digits and underscores' });
const inputTable = z
  .string()
  .regex(/^([a-z0-9][a-z0-9.:-]*\.)?[A-Za-z0-9_]{1,1024}\.([A-Za-z0-9_-]|\{(date|yyyy|mm|dd)\}){1,1024}$/)
  .meta({ title: 'a table as dataset.table or project.dataset.table' });
const columnName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,299}$/)
  .meta({ title: 'the name of a column in BigQuery' });

/** Who pays and who is asked. Credentials are never written here: Google's default rules find them. */
const connection = {
  project: project.optional().describe('The Google Cloud project that pays; left out: that of the default credentials'),
  endpoint: z
    .string()
    .regex(/^https?:\/\/[^\s/]+\/?$/)
    .meta({ title: 'a URL as http://host:port' })
    .optional()
    .describe("An emulator's REST endpoint, in place of Google's; it is sent no credentials"),
};

export const bigQuerySchema = z
  .strictObject({
    dataset: datasetId.describe('The dataset that holds the tables; made where it is absent'),
    ...connection,
    location: text.default('US').describe('Where the dataset is made, where it is absent'),
    prefix: z
      .string()
      .regex(/^[A-Za-z0-9_]{0,64}$/)
      .meta({ title: 'letters, digits and underscores' })
      .default('')
      .describe('Goes before the names of the tables: runs, moments, pairs, drift, weights'),
    name: text
      .optional()
      .describe(
        'What the column `dataset` calls the data, by which the tables are clustered; left out: as the run does',
      ),
    weights: z.boolean().default(false).describe('Load the table of weights too (output.weights: parquet)'),
  })
  .describe('Where the results are loaded to when the run is finished');

export const bigQueryInputSchema = z
  .strictObject({
    table: inputTable
      .optional()
      .describe(
        'The table or view to read: dataset.table or project.dataset.table; with nightly a table partitioned by day, or one a day, as dataset.pairs_{yyyy}{mm}{dd}',
      ),
    query: text.optional().describe('A query in GoogleSQL whose result is read'),
    columns: z
      .array(columnName)
      .min(1)
      .optional()
      .describe('Columns to read; left out: all. BigQuery charges for those that are read'),
    ...connection,
    location: text.optional().describe('Where the query runs; left out: where its tables are'),
    readEndpoint: z
      .string()
      .regex(/^[^\s/]+:\d+$/)
      .meta({ title: 'an address as host:port' })
      .optional()
      .describe("An emulator's Storage Read endpoint, in plain text; needed beside endpoint"),
    scratch: datasetId
      .optional()
      .describe(
        "A dataset to keep the result of a query or view in, for 6 hours; left out: BigQuery's own temporary table, of at most 10 GB",
      ),
    streams: z.number().int().min(1).max(1000).default(8).describe('Streams that are read at a time, at most'),
  })
  .describe('A table or a query of BigQuery, copied once beside the output and read from there');

export type BigQueryConfig = z.infer<typeof bigQuerySchema>;
export type BigQueryInput = z.infer<typeof bigQueryInputSchema>;
/** What a client of BigQuery is opened with. */
export type BigQueryConnection = Pick<BigQueryConfig, 'project' | 'endpoint'>;
