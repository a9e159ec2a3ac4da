/**
 * The client of Trainyard's API, for Node and browsers. Its types come from openapi.json; what a schema cannot say is here:
 * waiting for a job, its events, uploads with progress, repeated requests.
 */
import type { components } from './api-types.js';
import { jobEvents, type JobEvent, type JobEventOptions } from './job-events.js';
import { createRequests, type Requests } from './requests.js';
import { createTransport, type TransportOptions } from './transport.js';
import {
  uploadDataset,
  waitForDataset,
  type Dataset,
  type DatasetWaitOptions,
  type UploadBody,
  type UploadOptions,
} from './uploads.js';

export { ApiError, ConnectionError, type Problem } from './api-error.js';
export type { components, operations, paths } from './api-types.js';
export type { JobEvent, JobEventOptions } from './job-events.js';
export type { RetryOptions } from './pauses.js';
export type { Dataset, DatasetWaitOptions, UploadBody, UploadOptions } from './uploads.js';

/** The documents of the API by name, for example `Schemas['JobRequest']`. */
export type Schemas = components['schemas'];
export type Job = Schemas['Job'];
export type JobRequest = Schemas['JobRequest'];
export type Model = Schemas['Model'];
export type ModelVersion = Schemas['ModelVersion'];
export type Evaluation = Schemas['Evaluation'];
export type Sweep = Schemas['Sweep'];
export type SweepRequest = Schemas['SweepRequest'];
export type Trial = Schemas['Trial'];

export type ClientOptions = TransportOptions;

/** Every function throws ApiError where the service refuses, and ConnectionError where it does not answer. */
export interface Client extends Requests {
  readonly baseUrl: string;
  /** For what is not JSON: a download, a file to predict. The path begins with `/`. A body that is a stream is sent once. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** Each event once, in order, from the first or the one after `after`, over lost connections, until the job has ended. */
  jobEvents(id: string, options?: JobEventOptions): AsyncGenerator<JobEvent, void, undefined>;
  /** The job once it has ended, whatever its status. A job that is paused is waited for. */
  waitForJob(id: string, options?: JobWaitOptions): Promise<Job>;
  /** Resolves when the file is stored. The service then reads it: see `waitForDataset`. */
  uploadDataset(body: UploadBody, options: UploadOptions): Promise<Dataset>;
  /** The version once it has been read: `ready` or `failed`. */
  waitForDataset(version: { name: string; version: number }, options?: DatasetWaitOptions): Promise<Dataset>;
}

export interface JobWaitOptions extends JobEventOptions {
  onEvent?: (event: JobEvent) => void;
}

/**
 * @example
 * const client = createClient({ baseUrl: 'http://127.0.0.1:3000' });
 * const { id } = await client.post('/v1/jobs', { body: { epochs: 2 } });
 * const job = await client.waitForJob(id, { onEvent: console.log });
 */
export function createClient(options: ClientOptions = {}): Client {
  const transport = createTransport(options);
  const requests = createRequests(transport);

  const client: Client = {
    ...requests,
    baseUrl: transport.baseUrl,
    fetch(path, init = {}) {
      const isStream = init.body instanceof ReadableStream;
      return transport.send(
        () =>
          new Request(transport.baseUrl + path, {
            ...init,
            ...(isStream && { duplex: 'half' }),
          }),
        isStream ? 1 : undefined,
      );
    },
    jobEvents: (id, eventOptions) => jobEvents(transport, id, eventOptions),
    async waitForJob(id, { onEvent, ...eventOptions } = {}) {
      for await (const event of client.jobEvents(id, eventOptions)) onEvent?.(event);
      return client.get('/v1/jobs/{id}', { params: { path: { id } }, signal: eventOptions.signal ?? null });
    },
    uploadDataset: (body, uploadOptions) => uploadDataset(transport, body, uploadOptions),
    waitForDataset: ({ name, version }, waitOptions) =>
      waitForDataset(
        (signal) =>
          client.get('/v1/datasets/{name}/versions/{version}', {
            params: { path: { name, version: String(version) } },
            signal: signal ?? null,
          }),
        waitOptions,
      ),
  };
  return client;
}
