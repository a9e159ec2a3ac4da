/** Named shares as bars, below each other. */

export interface Bar {
  name: string;
  /** How much of the track is filled, from 0 to 1. */
  share: number;
  value: string;
  /** More, for those who point at it. */
  title?: string;
  isBest?: boolean;
}

export function Bars({ label, bars }: { label: string; bars: readonly Bar[] }) {
  return (
    <ol class="plain-list bars" aria-label={label}>
      {bars.map(({ name, share, value, title, isBest }) => (
        <li key={name} title={title} class={isBest ? 'best' : undefined}>
          <span class="bar-name">{name}</span>
          <span class="bar-track">
            <span style={{ width: `${100 * share}%` }} />
          </span>
          <span class="bar-value small">{value}</span>
        </li>
      ))}
    </ol>
  );
}
