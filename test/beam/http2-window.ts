/** What a worker tells its runner of how much may be sent before it was read. */
import { createServer, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';

export interface Window {
  /** Bytes, of a stream. */
  readonly stream: number;
  /** Bytes, of the whole connection. */
  readonly connection: number;
}

/** `connect` starts a worker whose runner is at `url`, and gives what stops it. */
export async function windowOffered(connect: (url: string) => () => Promise<void>): Promise<Window> {
  const server = createServer();
  const connected = new Promise<ServerHttp2Session>((resolve) => server.on('session', resolve));
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  const stop = connect(`localhost:${(server.address() as AddressInfo).port}`);
  const session = await connected;
  // The first stream comes after the settings and the window of the connection.
  await new Promise((resolve) => session.on('stream', resolve));
  const offered = { stream: session.remoteSettings.initialWindowSize!, connection: session.state.remoteWindowSize! };
  await stop();
  session.destroy();
  server.close();
  return offered;
}
