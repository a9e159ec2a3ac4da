/** A typed function for each HTTP method, by the paths of the API: `get('/v1/jobs/{id}', …)` gives a Job. */
import createFetchClient, { type MaybeOptionalInit } from 'openapi-fetch';
import type { paths } from './api-types.js';
import type { Transport } from './transport.js';

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';
type PathWith<M extends Method> = {
  [Path in keyof paths]: paths[Path] extends Record<M, object> ? Path : never;
}[keyof paths];

/** The JSON document of a success, or undefined where the answer has no body. */
type Answer<Operation> = Operation extends { responses: infer Responses }
  ? BodyOf<Responses[keyof Responses & (200 | 201 | 202 | 204)]>
  : never;
type BodyOf<Response> = Response extends { content: Record<'application/json', infer Document> }
  ? Document
  : Response extends { content: infer Contents extends object }
    ? Contents[keyof Contents]
    : undefined;

/** What the operation needs may not be left out. */
type InitOf<Init> = Partial<Init> extends Init ? [init?: Init] : [init: Init];

type Send<M extends Method> = <Path extends PathWith<M>>(
  path: Path,
  ...init: InitOf<MaybeOptionalInit<paths[Path], M>>
) => Promise<Answer<paths[Path][M]>>;

/** For operations that answer with JSON or with nothing. */
export interface Requests {
  get: Send<'get'>;
  post: Send<'post'>;
  put: Send<'put'>;
  patch: Send<'patch'>;
  delete: Send<'delete'>;
}

export function createRequests({ baseUrl, send }: Transport): Requests {
  const client = createFetchClient<paths>({
    baseUrl,
    fetch: (request) => send(() => request.clone()),
  }) as unknown as Record<Uppercase<Method>, Untyped>;
  // The transport throws for refusals, so that what comes back has data.
  return {
    get: async (path: string, init?: object) => (await client.GET(path, init)).data,
    post: async (path: string, init?: object) => (await client.POST(path, init)).data,
    put: async (path: string, init?: object) => (await client.PUT(path, init)).data,
    patch: async (path: string, init?: object) => (await client.PATCH(path, init)).data,
    delete: async (path: string, init?: object) => (await client.DELETE(path, init)).data,
  } as Requests;
}

type Untyped = (path: string, init?: object) => Promise<{ data?: unknown }>;
