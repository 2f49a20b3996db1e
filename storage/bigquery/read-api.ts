/** The messages and calls of BigQuery's Storage Read interface that are used, version 1 (google/cloud/bigquery/storage/v1). */
import { type CallCredentials, Client, credentials, type ServiceError as GrpcError, Metadata } from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import type { BigQuery } from './client.js';

const SERVICE = '/google.cloud.bigquery.storage.v1.BigQueryRead';
const GOOGLE = 'bigquerystorage.googleapis.com:443';

const root = protobuf.Root.fromJSON({
  nested: {
    ReadOptions: {
      fields: {
        selectedFields: { id: 1, type: 'string', rule: 'repeated' },
        rowRestriction: { id: 2, type: 'string' },
      },
    },
    ArrowSchema: { fields: { serializedSchema: { id: 1, type: 'bytes' } } },
    ReadStream: { fields: { name: { id: 1, type: 'string' } } },
    ReadSession: {
      fields: {
        name: { id: 1, type: 'string' },
        dataFormat: { id: 3, type: 'int32' },
        arrowSchema: { id: 5, type: 'ArrowSchema' },
        table: { id: 6, type: 'string' },
        readOptions: { id: 8, type: 'ReadOptions' },
        streams: { id: 10, type: 'ReadStream', rule: 'repeated' },
      },
    },
    CreateReadSessionRequest: {
      fields: {
        parent: { id: 1, type: 'string' },
        readSession: { id: 2, type: 'ReadSession' },
        maxStreamCount: { id: 3, type: 'int32' },
      },
    },
    ReadRowsRequest: { fields: { readStream: { id: 1, type: 'string' }, offset: { id: 2, type: 'int64' } } },
    ArrowRecordBatch: { fields: { serializedRecordBatch: { id: 1, type: 'bytes' } } },
    ReadRowsResponse: {
      fields: { arrowRecordBatch: { id: 4, type: 'ArrowRecordBatch' }, rowCount: { id: 6, type: 'int64' } },
    },
  },
});

/** DataFormat.ARROW */
const ARROW = 2;

export interface ReadSession {
  /** An Arrow IPC message; what follows it, as an emulator sends, is none of it. */
  readonly arrowSchema: { readonly serializedSchema: Uint8Array };
  readonly streams: readonly { readonly name: string }[];
}

export interface RowsOfStream {
  /** An Arrow IPC message of one record batch. */
  readonly bytes: Uint8Array;
  readonly rows: number;
}

/** BigQuery sends up to 128 MB in one message. */
const MAXIMUM_MESSAGE_BYTES = 129 << 20;
/** A round trip for each 64 KiB, which is HTTP/2's own, would hold the streams up. */
const WINDOW_BYTES = 8 << 20;

const encode = (type: string) => (value: object) => Buffer.from(root.lookupType(type).encode(value).finish());
const decode =
  <T>(type: string) =>
  (bytes: Uint8Array) =>
    root.lookupType(type).toObject(root.lookupType(type).decode(bytes), { longs: Number, arrays: true }) as T;

export interface SessionRequest {
  readonly project: string;
  /** As projects/…/datasets/…/tables/…. */
  readonly table: string;
  readonly columns?: readonly string[] | undefined;
  /** A condition in GoogleSQL, as of WHERE; left out: all rows. */
  readonly restriction?: string | undefined;
}

export interface ReadApi {
  /** A consistent view of a table, as it is now, cut into streams. */
  createSession(request: SessionRequest, streams: number): Promise<ReadSession>;
  /** Rows of a stream from row `offset` on. Throws what gRPC throws. */
  readRows(stream: string, offset: number): AsyncGenerator<RowsOfStream>;
  close(): void;
}

/** A channel to Google with the client's credentials, or one in plain text and without any to an emulator at `endpoint`. */
export async function openReadApi(bigquery: BigQuery, endpoint: string | undefined): Promise<ReadApi> {
  const channel =
    endpoint === undefined
      ? credentials.combineChannelCredentials(credentials.createSsl(), await callCredentials(bigquery))
      : credentials.createInsecure();
  const client = new Client(endpoint ?? GOOGLE, channel, {
    'grpc.max_receive_message_length': MAXIMUM_MESSAGE_BYTES,
    'grpc-node.flow_control_window': WINDOW_BYTES,
  });
  return {
    createSession({ project, table, columns = [], restriction = '' }, streams) {
      const request = {
        parent: `projects/${project}`,
        readSession: {
          table,
          dataFormat: ARROW,
          readOptions: { selectedFields: columns, rowRestriction: restriction },
        },
        maxStreamCount: streams,
      };
      return new Promise<ReadSession>((resolve, reject) => {
        client.makeUnaryRequest(
          `${SERVICE}/CreateReadSession`,
          encode('CreateReadSessionRequest'),
          decode<ReadSession>('ReadSession'),
          request,
          routing('read_session.table', table),
          (error: GrpcError | null, session?: ReadSession) => (error ? reject(error) : resolve(session!)),
        );
      });
    },
    async *readRows(stream, offset) {
      const call = client.makeServerStreamRequest(
        `${SERVICE}/ReadRows`,
        encode('ReadRowsRequest'),
        decode<{ arrowRecordBatch?: { serializedRecordBatch: Uint8Array }; rowCount?: number }>('ReadRowsResponse'),
        { readStream: stream, offset },
        routing('read_stream', stream),
      );
      try {
        for await (const { arrowRecordBatch, rowCount = 0 } of call) {
          if (arrowRecordBatch !== undefined) yield { bytes: arrowRecordBatch.serializedRecordBatch, rows: rowCount };
        }
      } finally {
        call.cancel();
      }
    },
    close: () => client.close(),
  };
}

/** Tells Google's front which server has the resource. */
function routing(field: string, resource: string): Metadata {
  const metadata = new Metadata();
  metadata.set('x-goog-request-params', `${field}=${encodeURIComponent(resource)}`);
  return metadata;
}

/** A token for each call, from wherever the REST client has its own. */
async function callCredentials(bigquery: BigQuery): Promise<CallCredentials> {
  const auth = await bigquery.authClient.getClient();
  return credentials.createFromMetadataGenerator(({ service_url }, done) => {
    auth.getRequestHeaders(service_url).then(
      (headers) => {
        const metadata = new Metadata();
        for (const [name, value] of Object.entries(Object.fromEntries(new Headers(headers)))) metadata.add(name, value);
        done(null, metadata);
      },
      (error: Error) => done(error),
    );
  });
}
