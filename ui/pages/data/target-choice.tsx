/** What is to be predicted, and what kind of task that makes. */
import { Field } from '../../parts/field.js';
import { formatNumber } from '../../parts/format.js';
import type { Profile } from './dataset.js';
import type { Changes, Choices, Plan } from './training-request.js';

export function TargetChoice({
  profile,
  choices: { target, task },
  suggested,
  plan,
  onChange,
}: {
  profile: Profile;
  choices: Choices;
  suggested: string | undefined;
  plan: Plan | undefined;
  onChange: (changes: Changes) => void;
}) {
  const column = profile.columns.find(({ name }) => name === target);
  return (
    <>
      <div class="fields">
        <Field label="Column to predict" hint="The model will answer with it, from the other columns.">
          <select value={target} onChange={({ currentTarget }) => onChange({ target: currentTarget.value })}>
            {target === undefined && <option value="">Choose a column</option>}
            {profile.columns.map(({ name }) => (
              <option key={name} value={name}>
                {name}
                {name === suggested ? ' (suggested)' : ''}
              </option>
            ))}
          </select>
        </Field>
        <Field label="Task">
          <select
            value={task ?? 'auto'}
            onChange={({ currentTarget: { value } }) =>
              onChange({ task: value === 'auto' ? undefined : (value as Choices['task']) })
            }
          >
            <option value="auto">Automatic{task === undefined && plan ? `: ${plan.spec.task}` : ''}</option>
            <option value="classification">Classification: one of several classes</option>
            <option value="regression">Regression: a number</option>
          </select>
        </Field>
      </div>
      <p class="muted">{plan && column ? explain(plan, column.name, column.distinct) : '\u00a0'}</p>
    </>
  );
}

function explain({ spec: { task, network } }: Plan, target: string, distinct: number): string {
  return task === 'classification'
    ? `${target} has ${formatNumber(network.outputs)} classes: the model answers with a label and the probability of each.`
    : `${target} has ${formatNumber(distinct)} different numbers: the model answers with a number.`;
}
