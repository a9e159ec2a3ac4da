/** The failures a user or an operator can meet, each with a stable code. A code is never renamed or reused. */

export const errorCodes = {
  INVALID_REQUEST: 'A field of the request has a wrong type or value.',
  MALFORMED_JSON: 'The body is not JSON.',
  BODY_TOO_LARGE: 'The body is larger than this service accepts.',
  BODY_TOO_SLOW: 'The body came in too slowly.',
  UNSUPPORTED_MEDIA_TYPE: 'The body is of a kind that this route does not read.',
  IMAGE_INVALID: 'The image cannot be read.',
  IMAGE_TOO_LARGE: 'The image has more pixels than this service reads.',
  INPUT_UNSUPPORTED: 'The model does not take inputs of this kind.',
  UNAUTHORIZED: 'The request came without a key that this service knows.',
  FORBIDDEN: 'The key does not allow this.',
  ORIGIN_REFUSED: 'A page of another site may not ask this service.',
  RATE_LIMITED: 'The key has asked more often than it may.',
  METHOD_NOT_ALLOWED: 'The path does not take this method.',
  ROUTE_NOT_FOUND: 'There is no such route.',
  JOB_NOT_FOUND: 'There is no job with this id.',
  JOB_ENDED: 'The job has ended.',
  JOB_FINISHING: 'The job is done with training and can no longer be cancelled.',
  JOB_NOT_ENDED: 'The job has not ended.',
  QUEUE_FULL: 'As many jobs wait as this service takes in.',
  IDEMPOTENCY_KEY_REUSED: 'The idempotency key came with another request before.',
  MODEL_NOT_FOUND: 'No model of this name has been published.',
  MODEL_TOO_LARGE: 'The model takes more memory than this service has for models.',
  VERSION_NOT_FOUND: 'The model has no such version.',
  ALIAS_NOT_FOUND: 'The model has no such alias.',
  VERSION_IN_USE: 'An alias stands for the version.',
  RANGE_NOT_SATISFIABLE: 'The file has no such range of bytes.',
  DATASET_NOT_FOUND: 'There is no dataset of this name.',
  NETWORK_TOO_LARGE: 'Training this network would take more memory than allowed.',
  ENGINE_UNAVAILABLE: 'The engine asked for cannot run here.',
  WEBHOOK_REFUSED: 'The service does not call the URL of this webhook.',
  WEBHOOKS_NOT_CONFIGURED: 'The service has no secret to sign webhooks with.',
  MODEL_NOT_READY: 'No model can answer yet.',
  OVERLOADED: 'The service has as much to do as it takes in.',
  DEADLINE_EXCEEDED: 'The prediction was not made within the time allowed.',
  CLIENT_GONE: 'The client went away before it was answered.',
  NOT_READY: 'Something that the service depends on does not work.',
  QUEUE_UNAVAILABLE: 'The queue does not answer.',
  SHUTTING_DOWN: 'The service is stopping.',
  INTERNAL: 'An error of the service itself; the log has the details under the request id.',
  CONFIG_INVALID: 'The environment holds a setting that cannot be used.',
  ADDRESS_EXPOSED: 'The service would be open to other machines without asking for a key.',
  KEY_NOT_FOUND: 'There is no key with this id.',
  DATA_FOLDER_IN_USE: 'Another process has the data folder open.',
  ADDRESS_IN_USE: 'Another process listens on the address that this one should.',
  DATASET_CORRUPT: 'A file of the dataset is not what it should be.',
  DATASET_CHANGED: 'The dataset holds other data than when the job was submitted.',
  CHECKPOINT_CORRUPT: 'A checkpoint is incomplete or damaged.',
  RUN_CORRUPT: 'A file of the job is damaged or cannot be read.',
  TRAINING_DIVERGED: 'The loss is no longer a finite number.',
  TRAINING_CRASHED: 'The training process died.',
  TIME_LIMIT_EXCEEDED: 'The job was trained for as long as it may be.',
  STORAGE_FULL: 'There is no room left where jobs and models are kept.',
  STORAGE_UNAVAILABLE: 'The storage of jobs and models cannot be used.',
  BLOB_UNREADABLE: 'One of the files of jobs and models cannot be read.',
  RUN_TAKEN_OVER: 'Another process trains the job.',
} as const;

export type ErrorCode = keyof typeof errorCodes;

export class TrainyardError extends Error {
  readonly code: ErrorCode;
  /** JSON pointer (RFC 6901) into the request body, where one field is to blame. */
  readonly pointer: string | undefined;

  constructor(code: ErrorCode, message: string, options: { pointer?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'TrainyardError';
    this.code = code;
    this.pointer = options.pointer;
  }
}
