/** How the answers of an epoch came out, with a slider to go back to earlier epochs. */
import { useState } from 'preact/hooks';
import { Field } from '../../parts/field.js';
import { formatNumber, formatPercent } from '../../parts/format.js';
import { Section } from '../../parts/page.js';
import { ConfusionMatrix } from './confusion-matrix.js';
import { Residuals } from './residuals.js';
import type { Outcomes } from './job-records.js';
import './mistakes.css';

export function Mistakes({
  outcomes,
  bestEpoch,
}: {
  outcomes: readonly Outcomes[];
  bestEpoch: number | null;
}) {
  /** undefined: the newest, whichever comes. */
  const [chosen, setChosen] = useState<number>();
  const at = Math.min(chosen ?? Infinity, outcomes.length - 1);
  const shown = outcomes[at];
  if (!shown) return null;
  const { member, epoch, split, rows, labels, confusion, values } = shown;
  const choose = (index: number): void => setChosen(index === outcomes.length - 1 ? undefined : index);
  const best = outcomes.findLastIndex(
    (each) => each.epoch === bestEpoch && each.member === outcomes.at(-1)?.member,
  );
  const whose = member === undefined ? `Epoch ${epoch}` : `Epoch ${epoch} of member ${member}`;
  return (
    <Section
      title={confusion ? 'What is taken for what' : 'How far predictions are off'}
      actions={
        <>
          {best >= 0 && best !== at && (
            <button type="button" class="small-button" onClick={() => choose(best)}>
              Best epoch
            </button>
          )}
          {chosen !== undefined && (
            <button type="button" class="small-button" onClick={() => setChosen(undefined)}>
              Newest epoch
            </button>
          )}
        </>
      }
    >
      <div class="mistakes-slider">
        <Field label={whose} hint={`${formatNumber(rows)} ${split} rows. ${summaryOf(shown)}`}>
          <input
            type="range"
            min={0}
            max={outcomes.length - 1}
            step={1}
            value={at}
            disabled={outcomes.length < 2}
            aria-valuetext={whose}
            onInput={({ currentTarget }) => choose(Number(currentTarget.value))}
          />
        </Field>
      </div>
      {confusion && labels && <ConfusionMatrix labels={labels} confusion={confusion} />}
      {values && <Residuals values={values} />}
    </Section>
  );
}

function summaryOf({ rows, labels = [], confusion }: Outcomes): string {
  if (!confusion) return '';
  const right = confusion.reduce((sum, row, i) => sum + (row[i] ?? 0), 0);
  let worst = { count: 0, text: '' };
  confusion.forEach((row, actual) =>
    row.forEach((count, given) => {
      if (actual === given || count <= worst.count) return;
      const text = ` Most often ${labels[actual] ?? ''} is taken for ${labels[given] ?? ''}: ${formatNumber(count)} times.`;
      worst = { count, text };
    }),
  );
  return `${formatPercent(right / rows, 1)} are right.${worst.text}`;
}
