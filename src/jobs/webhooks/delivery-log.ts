/**
 * The outcome of each attempt to deliver a run's webhooks, in documents that are written once:
 *
 *     runs/{id}/webhooks/{seq of the event}/{attempt}.json
 *     runs/{id}/webhooks/gone.json     the receiver wants no more messages about this run
 *
 * No document contains the URL, because a URL may contain a token.
 */
import type { Logger } from 'pino';
import { TrainyardError } from '../../errors.js';
import { unreadableAs, type Storage } from '../../storage/storage.js';
import { decodeDocument, encodeDocument } from '../runs/json-document.js';
import { count, nullable, object, oneOf, positive, text, time } from '../../lib/json-shape.js';
import { webhookEvents, type WebhookEvent } from '../runs/run-spec.js';

export interface DeliveryAttempt {
  format_version: 1;
  event_seq: number;
  type: WebhookEvent;
  /** Counts the attempts for this event, from 1. */
  attempt: number;
  sent_at: string;
  status_code: number | null;
  /** A SendFailure: why there is no status. */
  error: string | null;
  duration_ms: number;
  outcome: 'delivered' | 'failed' | 'gave_up';
  /** null unless the outcome is `failed`. */
  next_attempt_at: string | null;
}

export const deliveryAttempt = object<DeliveryAttempt>({
  format_version: oneOf(1),
  event_seq: positive,
  type: oneOf(...webhookEvents),
  attempt: positive,
  sent_at: time,
  status_code: nullable(count),
  error: nullable(text),
  duration_ms: count,
  outcome: oneOf('delivered', 'failed', 'gave_up'),
  next_attempt_at: nullable(time),
});

/**
 * Every run id must be one that the run store has; other ids may not be valid storage keys. An attempt whose document
 * is damaged is left out and logged. Its outcome is unknown, so its event is sent again.
 */
export interface DeliveryLog {
  /** All attempts, oldest first. */
  list(runId: string): Promise<DeliveryAttempt[]>;
  /** The attempts for one event, oldest first. */
  attemptsOf(runId: string, seq: number): Promise<DeliveryAttempt[]>;
  /** Takes the next free number, so that two workers that send the same event each record their own attempt. */
  append(runId: string, attempt: Omit<DeliveryAttempt, 'format_version' | 'attempt'>): Promise<void>;
  isGone(runId: string): Promise<boolean>;
  markGone(runId: string): Promise<void>;
}

export function createDeliveryLog(blobs: Storage, log: Pick<Logger, 'warn'>): DeliveryLog {
  const storage = unreadableAs('RUN_CORRUPT', blobs);
  /** The problems that are already in the log. */
  const reported = new Set<string>();
  const folderOf = (runId: string): string => `runs/${runId}/webhooks`;
  const goneKey = (runId: string): string => `${folderOf(runId)}/gone.json`;
  const attemptsFolder = (runId: string, seq: number): string => `${folderOf(runId)}/${padded(seq, 8)}`;

  async function attemptsOf(runId: string, seq: number): Promise<DeliveryAttempt[]> {
    const folder = attemptsFolder(runId, seq);
    const names = await storage.list(folder);
    const attempts = await Promise.all(names.map((name) => readAttempt(runId, `${folder}/${name}`)));
    return attempts.filter((attempt) => attempt !== null);
  }

  async function readAttempt(runId: string, key: string): Promise<DeliveryAttempt | null> {
    try {
      const bytes = await storage.read(key);
      return bytes === null ? null : decodeDocument(bytes, key, deliveryAttempt);
    } catch (error) {
      if (!(error instanceof TrainyardError && error.code === 'RUN_CORRUPT')) throw error;
      report(runId, error.message);
      return null;
    }
  }

  function report(runId: string, reason: string): void {
    if (reported.has(reason)) return;
    reported.add(reason);
    log.warn(
      { job: runId, reason, damaged: reported.size },
      'an attempt to send a webhook is damaged and left out; its event may be sent again',
    );
  }

  return {
    attemptsOf,

    async list(runId) {
      const attempts: DeliveryAttempt[] = [];
      for (const name of await storage.list(folderOf(runId))) {
        if (/^\d+$/.test(name)) attempts.push(...(await attemptsOf(runId, Number(name))));
      }
      return attempts.sort((a, b) => Date.parse(a.sent_at) - Date.parse(b.sent_at));
    },

    async append(runId, attempt) {
      const folder = attemptsFolder(runId, attempt.event_seq);
      let number = (await storage.list(folder)).length;
      let written = false;
      while (!written) {
        const document = encodeDocument({ ...attempt, attempt: ++number });
        written = await storage.create(`${folder}/${padded(number, 4)}.json`, document);
      }
    },

    async isGone(runId) {
      return (await storage.read(goneKey(runId))) !== null;
    },

    async markGone(runId) {
      await storage.create(goneKey(runId), encodeDocument({}));
    },
  };
}

function padded(number: number, digits: number): string {
  return String(number).padStart(digits, '0');
}
