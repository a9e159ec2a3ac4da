/**
 * How long the tests wait, in ms. No test says this for itself: what it waits for takes as long as the machine does, and a busy
 * one needs ten times as long. Only a fault waits to the end.
 */
export const patience = {
  /** For what comes about by itself, in a poll or in a page. */
  pollMs: 300_000,
  /** For a test or a hook. */
  testMs: 600_000,
  /** For a file. */
  fileMs: 1_800_000,
} as const;
