/** HTTP without a client library: requests go out as they are written, and answers come back as they are. */
import { once } from 'node:events';
import { request, type IncomingHttpHeaders, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { connect, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';

export interface RawAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  bytes: Buffer;
  text: string;
}

/** Unlike `fetch`, it sends any header, and the path as it stands, without resolving `..`. */
export async function sendRequest(
  url: string,
  method: string,
  path: string,
  { headers = {}, body }: { headers?: OutgoingHttpHeaders; body?: string | Buffer | undefined } = {},
): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const outgoing = request({ hostname, port, method, path, headers, agent: false }).end(body);
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  const bytes = await buffer(incoming);
  return { status: incoming.statusCode ?? 0, headers: incoming.headers, bytes, text: bytes.toString() };
}

export interface RawConnection {
  socket: Socket;
  write: (text: string) => void;
  /** Everything that the service has sent so far. */
  received: () => string;
}

/** A connection on which a test writes by hand. `text` is the beginning of its first request. */
export function openConnection(url: string, text = ''): RawConnection {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let received = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
  // The service may close the connection before everything has been sent.
  socket.on('error', () => undefined);
  socket.write(text);
  return { socket, write: (more) => socket.write(more), received: () => received };
}

/** The request line and these headers, with the line that ends them. */
export function requestHead(line: string, ...headers: string[]): string {
  return [`${line} HTTP/1.1`, 'Host: localhost', ...headers, '', ''].join('\r\n');
}
