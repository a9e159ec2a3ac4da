/** What the supervisor and the processes of one service say to each other, over the channel of node:cluster. */
import type { MetricsSnapshot } from '../telemetry/joined-metrics.js';

export type ToProcess =
  | { kind: 'answer'; id: number; value: unknown }
  | { kind: 'metrics_wanted' }
  /** Another process has taken its place: answer what is under way, let the connections go, and end. */
  | { kind: 'retire' };

export type ToSupervisor =
  | { kind: 'ask'; id: number; question: Question }
  /** `summary` is for the log. */
  | { kind: 'listening'; summary: Summary }
  /** Its models are loaded. */
  | { kind: 'ready' }
  | { kind: 'metrics'; snapshot: MetricsSnapshot };

export type Question =
  | { about: 'place' }
  /** The metrics of all processes, as text. */
  | { about: 'metrics' }
  | { about: 'readiness' }
  /** Counts one more request of a key. */
  | { about: 'requests'; key: string; windowMs: number };

export interface Answers {
  place: Place;
  metrics: { contentType: string; text: string };
  readiness: ReadyProcesses;
  requests: RequestCount;
}

export interface Place {
  /** From 1. A process that replaces another has its number. */
  number: number;
  /** Others already serve: it need not listen before it can answer. */
  joins: boolean;
}

export interface ReadyProcesses {
  wanted: number;
  /** How many have become ready; from then on, one that is being replaced counts as ready. */
  ready: number;
}

export interface RequestCount {
  /** Requests of the key in its window, with this one. */
  current: number;
  /** Milliseconds until its window ends. */
  ttl: number;
}

export interface Summary {
  url?: string | undefined;
  [field: string]: unknown;
}
