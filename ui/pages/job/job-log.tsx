/** What happened, the newest first. */
import { useState } from 'preact/hooks';
import { Section } from '../../parts/page.js';
import { formatTime } from '../../parts/format.js';
import type { JobEvent } from '../../service/api.js';
import { lineOf } from './words.js';

const shownAtFirst = 12;

export function JobLog({ events }: { events: readonly JobEvent[] }) {
  const [showsAll, setShowsAll] = useState(false);
  // Its status says it already.
  const newestFirst = events.filter(({ type }) => type !== 'done').reverse();
  const shown = showsAll ? newestFirst : newestFirst.slice(0, shownAtFirst);
  return (
    <Section title="Log">
      <ol class="job-log plain-list">
        {shown.map((event) => {
          const { text, kind } = lineOf(event);
          return (
            <li key={event.seq}>
              <time class="small muted" dateTime={event.time} title={formatTime(event.time)}>
                {new Date(event.time).toLocaleTimeString('en-GB')}
              </time>
              <span class={`job-log-${kind}`}>{text}</span>
            </li>
          );
        })}
      </ol>
      {newestFirst.length > shownAtFirst && (
        <div>
          <button type="button" class="small-button" onClick={() => setShowsAll(!showsAll)}>
            {showsAll ? 'Show the newest only' : `Show all ${newestFirst.length}`}
          </button>
        </div>
      )}
    </Section>
  );
}
