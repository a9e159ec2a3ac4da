/** The errors that a user or an operator can meet, each with a stable code. A code is never renamed or reused. */

export const errorCodes = {
  INVALID_REQUEST: 'A field of the request has a wrong type or value.',
  MALFORMED_JSON: 'The body is not JSON.',
  BODY_TOO_LARGE: 'The body is larger than this service accepts.',
  BODY_TOO_SLOW: 'The body arrived too slowly.',
  UNSUPPORTED_MEDIA_TYPE: 'This route does not read bodies of this type.',
  IMAGE_INVALID: 'The image cannot be read.',
  IMAGE_TOO_LARGE: 'The image has more pixels than this service reads.',
  INPUT_UNSUPPORTED: 'The model does not take inputs of this kind.',
  UNAUTHORIZED: 'The request has no key that this service knows.',
  FORBIDDEN: 'The key does not allow this.',
  ORIGIN_REFUSED: 'A page of another site may not use this service.',
  RATE_LIMITED: 'The key has made more requests than it may.',
  METHOD_NOT_ALLOWED: 'The path does not support this method.',
  ROUTE_NOT_FOUND: 'There is no such route.',
  JOB_NOT_FOUND: 'There is no job with this id.',
  CHECKPOINT_NOT_FOUND: 'The job has no such checkpoint.',
  JOB_ENDED: 'The job has ended.',
  JOB_FINISHING: 'The job has finished training and can no longer be cancelled.',
  JOB_NOT_ENDED: 'The job has not ended.',
  BATCH_NOT_FOUND: 'There is no batch with this id.',
  BATCH_ENDED: 'The batch has ended.',
  BATCH_FINISHING: 'The batch has predicted all rows and can no longer be cancelled.',
  BATCH_NOT_ENDED: 'The batch has not ended.',
  BATCH_WITHOUT_RESULT: 'The batch has no result.',
  SWEEP_NOT_FOUND: 'There is no sweep with this id.',
  SWEEP_ENDED: 'The sweep was cancelled.',
  SWEEP_NOT_ENDED: 'The sweep has not ended.',
  QUEUE_FULL: 'The service accepts no more jobs while so many wait.',
  IDEMPOTENCY_KEY_REUSED: 'The idempotency key was used with a different request before.',
  MODEL_NOT_FOUND: 'No model with this name has been published.',
  MODEL_FILE_INVALID: 'The file of the model cannot be used.',
  MODEL_TOO_LARGE: 'The model needs more memory than this service has for models.',
  VERSION_NOT_FOUND: 'The model has no such version.',
  EVALUATION_NOT_FOUND: 'The version was not evaluated when it was published.',
  ALIAS_NOT_FOUND: 'The model has no such alias.',
  VERSION_IN_USE: 'An alias points to the version.',
  RANGE_NOT_SATISFIABLE: 'The file has no such range of bytes.',
  DATASET_NOT_FOUND: 'There is no dataset with this name.',
  DATASET_VERSION_NOT_FOUND: 'The dataset has no such version.',
  DATASET_NAME_TAKEN: 'A built-in dataset has this name.',
  DATASET_NOT_READY: 'The dataset is still being read.',
  DATASET_INVALID: 'The file of the dataset cannot be used.',
  DATASET_NOT_A_TABLE: 'The dataset has no named columns.',
  DATASET_IN_USE: 'A job that has not ended uses the dataset.',
  DATASET_TOO_LARGE: 'The file is larger than this service takes.',
  NETWORK_TOO_LARGE: 'Training this network would need more memory than allowed.',
  ENGINE_UNAVAILABLE: 'The requested engine cannot run here.',
  WEBHOOK_REFUSED: 'The service does not call the URL of this webhook.',
  WEBHOOKS_NOT_CONFIGURED: 'The service has no secret to sign webhooks with.',
  MODEL_NOT_READY: 'No model can answer yet.',
  OVERLOADED: 'The service has too much to do at the moment.',
  DEADLINE_EXCEEDED: 'The prediction was not ready within the allowed time.',
  CLIENT_GONE: 'The client disconnected before the answer.',
  NOT_READY: 'A dependency of the service does not work.',
  QUEUE_UNAVAILABLE: 'The queue does not answer.',
  SHUTTING_DOWN: 'The service is stopping.',
  INTERNAL: 'An error in the service itself; the log has the details under the request id.',
  CONFIG_INVALID: 'A setting in the environment is not valid.',
  ADDRESS_EXPOSED: 'Other machines could use the service without a key.',
  LAST_ADMIN_KEY: 'The service has no other key that may change its keys.',
  KEY_NOT_FOUND: 'There is no key with this id.',
  DATA_FOLDER_IN_USE: 'Another process is using the data folder.',
  ADDRESS_IN_USE: 'Another process already listens on this address.',
  DATASET_CORRUPT: 'A file of the dataset is damaged.',
  INIT_FROM_CHANGED: 'The version that the job starts from is gone, or holds other parameters.',
  DATASET_CHANGED: 'The dataset holds other data than when the job was submitted.',
  CHECKPOINT_CORRUPT: 'A checkpoint is incomplete or damaged.',
  RUN_CORRUPT: 'A file of the job is damaged or cannot be read.',
  BATCH_CORRUPT: 'A file of the batch is damaged or cannot be read.',
  SWEEP_CORRUPT: 'A file of the sweep is damaged or cannot be read.',
  SWEEP_WITHOUT_RESULT: 'No trial of the sweep succeeded.',
  BATCH_CRASHED: 'The worker died again and again while it predicted the rows of the batch.',
  TRAINING_DIVERGED: 'The loss is no longer a finite number.',
  TRAINING_CRASHED: 'The training process died.',
  TIME_LIMIT_EXCEEDED: 'The job has reached its time limit.',
  STORAGE_FULL: 'The storage of jobs and models is full.',
  STORAGE_UNAVAILABLE: 'The storage of jobs and models cannot be used.',
  BLOB_UNREADABLE: 'A file of a job or a model cannot be read.',
  RUN_TAKEN_OVER: 'Another process has taken over the job.',
} as const;

export type ErrorCode = keyof typeof errorCodes;

export class TrainyardError extends Error {
  readonly code: ErrorCode;
  /** JSON pointer (RFC 6901) into the request body, where one field is to blame. */
  readonly pointer: string | undefined;
  /** Where several places of a file are at fault: each of them, as a document. */
  readonly problems: readonly object[] | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { pointer?: string; problems?: readonly object[]; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'TrainyardError';
    this.code = code;
    this.pointer = options.pointer;
    this.problems = options.problems;
  }
}
