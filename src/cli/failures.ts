/** How the command ends: what it says of a failure, and its exit code. docs/cli.md lists the codes. */
import { CommanderError } from 'commander';
import { ApiError, ConnectionError } from 'trainyard/client';

const exitCodes = {
  ok: 0,
  /** The job or the service failed. */
  failed: 1,
  /** The command or what it asks for is not valid. */
  usage: 2,
  unreachable: 3,
  /** The key is missing, unknown, or does not allow this. */
  unauthorized: 4,
  interrupted: 130,
} as const;

/** The command line is wrong; the message says what to change. */
export class UsageError extends Error {}

/** It did what it was asked to, and the outcome is a failure: a job that failed, a file that cannot be read. */
export class Failure extends Error {}

/** Ctrl-C. What is left behind has been said. */
export class Interrupted extends Error {}

export function exitCodeOf(error: unknown): number {
  if (error instanceof Interrupted) return exitCodes.interrupted;
  if (error instanceof UsageError) return exitCodes.usage;
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  if (error instanceof ConnectionError) return exitCodes.unreachable;
  if (error instanceof ApiError) {
    if (error.status === 401 || error.status === 403) return exitCodes.unauthorized;
    return error.status === 400 || error.status === 422 ? exitCodes.usage : exitCodes.failed;
  }
  return exitCodes.failed;
}

/** What is wrong and what to do about it. */
export function describeFailure(error: unknown): string {
  if (error instanceof ConnectionError) {
    return `${error.message} Start the service with 'trainyard serve', or say where it is with --url or TRAINYARD_URL.`;
  }
  if (error instanceof ApiError) {
    const advice = error.status === 401 ? ' Give a key with --key or TRAINYARD_KEY.' : '';
    return `${error.code}: ${error.detail}${advice}${describeProblems(error.problems)}`;
  }
  return error instanceof Error ? error.message : String(error);
}

/** The same for programs. */
export function failureDocument(error: unknown): object {
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof ApiError)) return { error: { message } };
  const { status, code, pointer, parameter, problems, requestId: request_id } = error;
  return { error: { message, status, code, pointer, parameter, problems, request_id } };
}

const mostProblems = 10;

/** The places of a file that are at fault, a line each. */
export function describeProblems(problems: readonly unknown[]): string {
  const shown = problems.slice(0, mostProblems).map((problem) => {
    const { line, message = '' } = problem as { line?: number; message?: string };
    return `\n  ${line === undefined ? '' : `line ${line}: `}${message}`;
  });
  const more = problems.length - shown.length;
  return shown.join('') + (more > 0 ? `\n  and ${more} more` : '');
}
