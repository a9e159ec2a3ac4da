/** Uploads a file as a version of a dataset, and says how far it is. */
import { ConnectionError, errorOf } from './api-error.js';
import type { components, operations } from './api-types.js';
import { pause } from './pauses.js';
import type { Transport } from './transport.js';

export type Dataset = components['schemas']['Dataset'];
type UploadQuery = NonNullable<operations['uploadDataset']['parameters']['query']>;

export type UploadBody =
  Blob | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

/** `columns` is an object here, `{"zip": {"type": "category"}}`, and JSON in the query string. */
export interface UploadOptions extends Omit<UploadQuery, 'name' | 'target' | 'columns'> {
  name: string;
  /** The columns that jobs predict by default. */
  target?: string | readonly string[];
  columns?: object;
  /** The media type; the service looks at the content instead. */
  contentType?: string;
  /** Bytes that have been sent, and all of them where that is known. */
  onProgress?: (sentBytes: number, totalBytes: number | undefined) => void;
  /** Of a stream, for `onProgress`. */
  sizeBytes?: number;
  signal?: AbortSignal | undefined;
}

/**
 * Resolves when the file is stored; the service then reads it (`waitForDataset`). A Blob is sent again when the connection is
 * lost, a stream is not.
 * @throws ApiError, ConnectionError
 */
export async function uploadDataset(
  transport: Transport,
  body: UploadBody,
  options: UploadOptions,
): Promise<Dataset> {
  const { contentType = 'application/octet-stream', onProgress, signal } = options;
  const url = `${transport.baseUrl}/v1/datasets?${queryOf(options)}`;
  if (onProgress && typeof XMLHttpRequest !== 'undefined') {
    return sendByXhr(transport, url, { body: await asBlob(body), contentType, onProgress, signal });
  }
  const isStream = !(body instanceof Blob || body instanceof Uint8Array);
  const totalBytes = isStream ? options.sizeBytes : body instanceof Blob ? body.size : body.byteLength;
  const makeBody = (): BodyInit =>
    !isStream && !onProgress
      ? body
      : streamOf(isStream ? body : new Blob([body]).stream(), (sent) => onProgress?.(sent, totalBytes));
  const response = await transport.send(
    () =>
      new Request(url, {
        method: 'POST',
        headers: { 'content-type': contentType },
        body: makeBody(),
        // Required for a body that is a stream; the type of the DOM does not know it yet.
        ...{ duplex: 'half' },
        signal: signal ?? null,
      }),
    isStream ? 1 : undefined,
  );
  return (await response.json()) as Dataset;
}

export interface DatasetWaitOptions {
  signal?: AbortSignal | undefined;
  /** The version as it is while the service reads it. */
  onProgress?: (dataset: Dataset) => void;
  /** Between two looks. */
  everyMs?: number;
}

/** Resolves when the service has read the version: its status is `ready` or `failed`. */
export async function waitForDataset(
  look: (signal: AbortSignal | undefined) => Promise<Dataset>,
  { signal, onProgress, everyMs = 250 }: DatasetWaitOptions = {},
): Promise<Dataset> {
  for (;;) {
    const dataset = await look(signal);
    if (dataset.status !== 'processing') return dataset;
    onProgress?.(dataset);
    await pause(everyMs, signal);
  }
}

function queryOf({ name, target, columns, ...options }: UploadOptions): string {
  const { format, delimiter, escape, encoding, header } = options;
  const query = new URLSearchParams({ name });
  for (const column of typeof target === 'string' ? [target] : (target ?? [])) {
    query.append('target', column);
  }
  for (const [option, value] of Object.entries({ format, delimiter, escape, encoding, header })) {
    if (value !== undefined) query.set(option, String(value));
  }
  if (columns !== undefined) query.set('columns', JSON.stringify(columns));
  return query.toString();
}

/** Counts what is taken of it. The network buffers a little, so that this runs slightly ahead. */
function streamOf(
  body: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>,
  onSent: (sentBytes: number) => void,
): ReadableStream<Uint8Array> {
  const pieces = (body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
  let sentBytes = 0;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const piece = await pieces.next();
      if (piece.done === true) {
        controller.close();
        return;
      }
      controller.enqueue(piece.value);
      sentBytes += piece.value.byteLength;
      onSent(sentBytes);
    },
    async cancel() {
      await pieces.return?.();
    },
  });
}

async function asBlob(body: UploadBody): Promise<Blob> {
  if (body instanceof Blob) return body;
  if (body instanceof Uint8Array) return new Blob([body]);
  return new Response(streamOf(body, () => undefined)).blob();
}

interface XhrUpload {
  body: Blob;
  contentType: string;
  onProgress: (sentBytes: number, totalBytes: number | undefined) => void;
  signal: AbortSignal | undefined;
}

/** Browsers tell how much of a body they have sent only here. */
function sendByXhr(
  { authorization }: Transport,
  url: string,
  { body, contentType, onProgress, signal }: XhrUpload,
): Promise<Dataset> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const request = new XMLHttpRequest();
    request.open('POST', url);
    request.setRequestHeader('content-type', contentType);
    const credential = authorization();
    if (credential !== undefined) request.setRequestHeader('authorization', credential);
    const stop = (): void => request.abort();
    signal?.addEventListener('abort', stop, { once: true });
    request.upload.onprogress = ({ loaded, total }) => onProgress(loaded, total);
    request.onerror = () => reject(new ConnectionError(url, new Error('the connection was lost')));
    request.onabort = () => reject(signal?.reason as Error);
    request.onload = () => {
      const { status, statusText, responseText } = request;
      if (status < 400) resolve(JSON.parse(responseText) as Dataset);
      else
        reject(
          errorOf({
            status,
            statusText,
            header: (name) => request.getResponseHeader(name),
            text: responseText,
          }),
        );
    };
    request.onloadend = () => signal?.removeEventListener('abort', stop);
    request.send(body);
  });
}
