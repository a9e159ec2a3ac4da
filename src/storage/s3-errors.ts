/** What a failed request to an object store means, in words that say what to do. */
import { TrainyardError } from '../errors.js';

/** The parts of the SDK's errors, and of Node's, that are looked at. */
interface RequestError {
  name?: string;
  message?: string;
  code?: unknown;
  $metadata?: { httpStatusCode?: number; attempts?: number };
}

export function statusOf(error: unknown): number | undefined {
  return (error as RequestError | null)?.$metadata?.httpStatusCode;
}

/** Times that the request was sent, of which the last failed so. */
export function attemptsOf(error: unknown): number {
  return (error as RequestError | null)?.$metadata?.attempts ?? 1;
}

/** There is no such object. That there is no such bucket is another matter. */
export function isMissing(error: unknown): boolean {
  return statusOf(error) === 404 && nameOf(error) !== 'NoSuchBucket';
}

const fullNames = [
  'QuotaExceeded',
  'ServiceQuotaExceededException',
  'InsufficientStorage',
  'XMinioStorageFull',
];

/** Bugs of ours are left as they are. */
export function explain(cause: unknown, bucket: string): unknown {
  if (cause instanceof TrainyardError || !isOfTheStore(cause)) return cause;
  const name = nameOf(cause);
  const status = statusOf(cause);
  const said = [...new Set([name, status, (cause as RequestError).message])].filter(
    (part) => part !== undefined,
  );
  const tell = (code: 'STORAGE_FULL' | 'STORAGE_UNAVAILABLE', advice: string): TrainyardError =>
    new TrainyardError(code, `${advice} (${said.join(', ')})`, { cause });
  if (fullNames.includes(name) || status === 507) {
    return tell('STORAGE_FULL', `There is no room left in the bucket ${bucket}.`);
  }
  if (name === 'NoSuchBucket') {
    return tell(
      'STORAGE_UNAVAILABLE',
      `There is no bucket ${bucket}: make it, or set STORE_URL to another one.`,
    );
  }
  if (name === 'CredentialsProviderError') {
    const advice = 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile or a role.';
    return tell('STORAGE_UNAVAILABLE', `There are no credentials for the object store. ${advice}`);
  }
  if (name === 'InvalidAccessKeyId' || name === 'SignatureDoesNotMatch') {
    return tell(
      'STORAGE_UNAVAILABLE',
      'The object store does not accept the credentials: see that they are right.',
    );
  }
  if (status === 401 || status === 403) {
    const advice = 'see docs/storage.md for what it must be allowed.';
    return tell(
      'STORAGE_UNAVAILABLE',
      `The credentials do not allow this in the bucket ${bucket}: ${advice}`,
    );
  }
  return tell(
    'STORAGE_UNAVAILABLE',
    'The object store does not do its work; what waits for it goes on then.',
  );
}

/** What the service answered, or that it did not: a socket's error, a time limit. */
function isOfTheStore(error: unknown): boolean {
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
