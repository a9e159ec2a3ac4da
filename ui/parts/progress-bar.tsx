/** How far something is, from 0 to 1; without a value: that it goes on. */
export function ProgressBar({ value, label }: { value?: number | undefined; label: string }) {
  return <progress class="progress" aria-label={label} max={1} value={value} />;
}
