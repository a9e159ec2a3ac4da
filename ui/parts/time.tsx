/** A moment as its age; the exact time on hover and for machines. */
import { formatAge, formatTime } from './format.js';

export function Age({ of }: { of: string }) {
  return (
    <time dateTime={of} title={formatTime(of)}>
      {formatAge(of)}
    </time>
  );
}
