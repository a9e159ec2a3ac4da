/** The service that serves these pages, through the typed client. */
import { ApiError, createClient, type Schemas } from '../../client/client.js';
import { key, keyRefusal } from './key.js';

export { ApiError } from '../../client/client.js';
export type {
  Dataset,
  Evaluation,
  Job,
  JobEvent,
  JobRequest,
  Model,
  ModelVersion,
  Schemas,
  Sweep,
  Trial,
} from '../../client/client.js';

/** A dataset as lists show it: without its columns. */
export type DatasetSummary = Schemas['DatasetList']['data'][number];

/** With the path of a proxy, without a slash at the end. */
export const serviceUrl = new URL('.', document.baseURI).href.replace(/\/$/, '');

/** Asks for a key when the service refuses the request for want of one. */
export const api = createClient({
  baseUrl: serviceUrl,
  key: () => key.value,
  fetch: async (request) => {
    const response = await fetch(request);
    if (response.status === 401) keyRefusal.value = await refusalOf(response.clone());
    return response;
  },
});

async function refusalOf(response: Response): Promise<string> {
  const { detail } = (await response.json().catch(() => ({}))) as { detail?: string };
  return key.value === '' ? '' : (detail ?? 'The key was refused.');
}

/** Whether the reader is not allowed to, rather than something being wrong. */
export function isForbidden(error: unknown): boolean {
  return error instanceof ApiError && error.code === 'FORBIDDEN';
}
