/** The status of a job, a dataset or a version, as a word on a colour. */
const tones: Record<string, string> = {
  queued: 'waiting',
  paused: 'waiting',
  processing: 'running',
  running: 'running',
  succeeded: 'good',
  ready: 'good',
  published: 'good',
  failed: 'bad',
  held: 'bad',
  cancelled: 'off',
};

export function StatusBadge({ status }: { status: string }) {
  return <span class={`badge ${tones[status] ?? 'off'}`}>{status}</span>;
}
