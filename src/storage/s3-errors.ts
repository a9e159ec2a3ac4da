/** What a failed request to an object store means, with advice on what to do. */
import { TrainyardError } from '../errors.js';

/** The properties of the SDK's errors, and of Node's, that this file reads. */
interface RequestError {
  name?: string;
  message?: string;
  code?: unknown;
  $metadata?: { httpStatusCode?: number; attempts?: number };
}

export function statusOf(error: unknown): number | undefined {
  return (error as RequestError | null)?.$metadata?.httpStatusCode;
}

/** How often the request was sent. */
export function attemptsOf(error: unknown): number {
  return (error as RequestError | null)?.$metadata?.attempts ?? 1;
}

/** The bucket exists and has no such object. */
export function isObjectMissing(error: unknown): boolean {
  return statusOf(error) === 404 && !isBucketMissing(error);
}

export function isBucketMissing(error: unknown): boolean {
  return statusOf(error) === 404 && nameOf(error) === 'NoSuchBucket';
}

const fullNames = [
  'QuotaExceeded',
  'ServiceQuotaExceededException',
  'InsufficientStorage',
  'XMinioStorageFull',
];

/** An error of the store becomes a TrainyardError. Other errors are bugs and returned unchanged. */
export function explain(cause: unknown, bucket: string): unknown {
  if (cause instanceof TrainyardError || !isStoreError(cause)) return cause;
  const { code, advice } = meaningOf(cause, bucket);
  const details = [...new Set([nameOf(cause), statusOf(cause), (cause as RequestError).message])];
  const known = details.filter((detail) => detail !== undefined);
  return new TrainyardError(code, `${advice} (${known.join(', ')})`, { cause });
}

function meaningOf(
  error: unknown,
  bucket: string,
): { code: 'STORAGE_FULL' | 'STORAGE_UNAVAILABLE'; advice: string } {
  const [name, status] = [nameOf(error), statusOf(error)];
  if (fullNames.includes(name) || status === 507) {
    return { code: 'STORAGE_FULL', advice: `There is no room left in the bucket ${bucket}.` };
  }
  return { code: 'STORAGE_UNAVAILABLE', advice: adviceFor(name, status, bucket) };
}

function adviceFor(name: string, status: number | undefined, bucket: string): string {
  switch (name) {
    case 'NoSuchBucket':
      return `There is no bucket ${bucket}: create it, or set STORE_URL to another one.`;
    case 'CredentialsProviderError':
      return (
        'There are no credentials for the object store. ' +
        'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile or a role.'
      );
    case 'InvalidAccessKeyId':
    case 'SignatureDoesNotMatch':
      return 'The object store does not accept the credentials: check that they are right.';
  }
  if (status === 401 || status === 403) {
    return `The credentials do not allow this in the bucket ${bucket}: docs/storage.md lists the permissions.`;
  }
  return 'The object store does not work; the service will try again.';
}

/** Whether the store answered with an error, or did not answer: an error of the socket, or a time limit. */
function isStoreError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, $metadata } = error as RequestError;
  return (
    $metadata?.httpStatusCode !== undefined ||
    /^(E[A-Z]+|EAI_[A-Z]+|ERR_STREAM_PREMATURE_CLOSE)$/.test(String(code)) ||
    ['TimeoutError', 'AbortError', 'CredentialsProviderError'].includes(error.name) ||
    error.message === 'aborted'
  );
}

function nameOf(error: unknown): string {
  return (error as RequestError | null)?.name ?? '';
}
