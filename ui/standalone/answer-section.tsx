/** What the model answers, beside a form. */
import type { ComponentChildren } from 'preact';
import { Answer } from '../pages/models/answer.js';
import type { PredictionAnswer } from '../pages/models/use-prediction.js';
import { Section } from '../parts/page.js';
import type { StandaloneModel } from './model.js';

export function AnswerSection({
  model,
  answer,
  error,
  children,
}: {
  model: StandaloneModel;
  answer: PredictionAnswer | undefined;
  /** Of the form as a whole. */
  error?: unknown;
  children?: ComponentChildren;
}) {
  return (
    <div class="try-answer">
      <Section title="It answers">
        {error instanceof Error && (
          <p class="notice error" role="alert">
            {error.message}
          </p>
        )}
        <Answer
          prediction={answer?.predictions[0]}
          labels={model.labels}
          name={model.targets[0]}
          isOld={error !== undefined}
        />
        {(answer?.warnings ?? [])
          .filter(({ column }) => column === undefined)
          .map(({ code, message }) => (
            <p key={code} class="notice warning" role="status">
              {message}
            </p>
          ))}
        {children}
      </Section>
    </div>
  );
}
