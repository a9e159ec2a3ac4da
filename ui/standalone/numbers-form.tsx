/** Numbers, for a model that has neither columns nor pictures. */
import { useState } from 'preact/hooks';
import { usePrediction } from '../pages/models/use-prediction.js';
import { Field } from '../parts/field.js';
import { Section } from '../parts/page.js';
import { AnswerSection } from './answer-section.js';
import type { StandaloneModel } from './model.js';

export function NumbersForm({ model }: { model: StandaloneModel }) {
  const [text, setText] = useState(() => new Array(model.width).fill('0').join(', '));
  const { answer, error } = usePrediction(() => model.predict([numbersIn(text)]), [text]);
  return (
    <div class="try-it">
      <Section title="Enter">
        <Field
          label={`${model.width} numbers`}
          hint="As in the dataset, with commas or white space between them."
        >
          <textarea rows={6} value={text} onInput={({ currentTarget }) => setText(currentTarget.value)} />
        </Field>
      </Section>
      <AnswerSection model={model} answer={answer} error={error} />
    </div>
  );
}

function numbersIn(text: string): number[] {
  const words = text.split(/[\s,;]+/).filter((word) => word !== '');
  return words.map(Number);
}
