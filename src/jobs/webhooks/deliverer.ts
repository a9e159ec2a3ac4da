/**
 * Delivers the events that a run's webhook asked for, at least once. An attempt is recorded when it has ended. If the
 * process dies before that, the message is sent again with the same id, by which the receiver recognises it. The time
 * of the next attempt goes to the queue and into the record, so a queue that was lost and filled again sends no event
 * early.
 */
import type { Logger } from 'pino';
import { TrainyardError } from '../../errors.js';
import type { DeliveryAttempt, DeliveryLog } from './delivery-log.js';
import { requestedAs, type SentEvent } from './events.js';
import type { WebhookEvent, WebhookSpec } from '../runs/run-spec.js';
import { parseRetryAfter, retryDelayMs, retrySchedule } from './retry-schedule.js';
import type { Send, SendResult } from './send.js';
import { signedMessage, type WebhookSecret } from './signed-message.js';

/** done: the event needs no further attempt. retry: it needs another attempt after the delay. */
export type WebhookDelivery = { outcome: 'done' } | { outcome: 'retry'; delayMs: number };

export interface WebhookDeliverer {
  /** Sends the event unless its delivery is settled or not yet due. Never rejects; the signal stops it at once. */
  deliver(runId: string, seq: number, signal: AbortSignal): Promise<WebhookDelivery>;
  /**
   * The numbers of the events that the run's webhook asked for and that are neither delivered nor given up, oldest
   * first.
   * @throws TrainyardError RUN_CORRUPT
   */
  outstanding(runId: string): Promise<number[]>;
}

/** An event that the run's webhook asked for. */
interface RequestedEvent {
  url: string;
  type: WebhookEvent;
  event: SentEvent;
}

export function createDeliverer(options: {
  /** null: the run does not exist or has no webhook. */
  readWebhook: (runId: string) => Promise<WebhookSpec | null>;
  readEvents: (runId: string) => Promise<readonly SentEvent[]>;
  /** The job as the API shows it; null: it no longer exists. */
  readJob: (runId: string) => Promise<object | null>;
  deliveryLog: DeliveryLog;
  send: Send;
  secret: WebhookSecret;
  log: Logger;
  now?: () => Date;
  /** Gives numbers in [0, 1). */
  random?: () => number;
  schedule?: readonly number[];
}): WebhookDeliverer {
  const { readWebhook, readEvents, readJob, deliveryLog, send, secret } = options;
  const { now = () => new Date(), random = Math.random, schedule = retrySchedule } = options;

  async function requestedEvents(runId: string): Promise<RequestedEvent[]> {
    const webhook = await readWebhook(runId);
    if (webhook === null || (await deliveryLog.isGone(runId))) return [];
    return (await readEvents(runId)).flatMap((event) => {
      const type = requestedAs(webhook, event);
      return type === null ? [] : [{ url: webhook.url, type, event }];
    });
  }

  async function attempt(runId: string, seq: number, signal: AbortSignal): Promise<WebhookDelivery> {
    const requested = (await requestedEvents(runId)).find(({ event }) => event.seq === seq);
    const earlier = await deliveryLog.attemptsOf(runId, seq);
    if (requested === undefined || earlier.some(isSettled)) return { outcome: 'done' };
    const dueAt = earlier.at(-1)?.next_attempt_at ?? null;
    const waitMs = dueAt === null ? 0 : Date.parse(dueAt) - now().getTime();
    if (waitMs > 0) return { outcome: 'retry', delayMs: waitMs };
    const job = await readJob(runId);
    if (job === null) return { outcome: 'done' };

    const { url, type, event } = requested;
    const sentAt = now();
    const message = signedMessage({ runId, type, event, job, secret, sentAt });
    const result = await send(url, message, signal);
    return record(runId, requested, { sentAt, result, attempt: earlier.length + 1 });
  }

  async function record(
    runId: string,
    { type, event }: RequestedEvent,
    { sentAt, result, attempt }: { sentAt: Date; result: SendResult; attempt: number },
  ): Promise<WebhookDelivery> {
    const endedAt = now();
    const { statusCode, error, durationMs } = result;
    const isDelivered = statusCode !== null && statusCode >= 200 && statusCode < 300;
    const isGone = statusCode === 410;
    const delayMs =
      isDelivered || isGone
        ? null
        : retryDelayMs(attempt, { schedule, random, retryAfterMs: retryAfterMs(result, endedAt) });
    const outcome = isDelivered ? 'delivered' : delayMs === null ? 'gave_up' : 'failed';
    await deliveryLog.append(runId, {
      event_seq: event.seq,
      type,
      sent_at: sentAt.toISOString(),
      status_code: statusCode,
      error,
      duration_ms: durationMs,
      outcome,
      next_attempt_at: delayMs === null ? null : new Date(endedAt.getTime() + delayMs).toISOString(),
    });
    if (isGone) await deliveryLog.markGone(runId);
    const level = outcome === 'gave_up' ? 'warn' : 'info';
    options.log[level](
      { job: runId, event_seq: event.seq, type, attempt, status_code: statusCode, error, outcome },
      'webhook sent',
    );
    return delayMs === null ? { outcome: 'done' } : { outcome: 'retry', delayMs };
  }

  return {
    async deliver(runId, seq, signal) {
      try {
        return await attempt(runId, seq, signal);
      } catch (err) {
        if (signal.aborted) return { outcome: 'retry', delayMs: 0 };
        options.log.error({ err, job: runId, event_seq: seq }, 'a webhook could not be processed');
        const isDamaged = err instanceof TrainyardError && err.code === 'RUN_CORRUPT';
        return isDamaged ? { outcome: 'done' } : { outcome: 'retry', delayMs: schedule[0] ?? 0 };
      }
    },

    async outstanding(runId) {
      const seqs: number[] = [];
      for (const { event } of await requestedEvents(runId)) {
        const attempts = await deliveryLog.attemptsOf(runId, event.seq);
        if (!attempts.some(isSettled)) seqs.push(event.seq);
      }
      return seqs;
    },
  };
}

function isSettled({ outcome }: DeliveryAttempt): boolean {
  return outcome === 'delivered' || outcome === 'gave_up';
}

/** Retry-After counts only with statuses 429 and 503, which say that the receiver will accept the message later. */
function retryAfterMs(result: SendResult, now: Date): number {
  return result.statusCode === 429 || result.statusCode === 503 ? parseRetryAfter(result.retryAfter, now) : 0;
}
