/** A number that the service chose and that can be changed, and taken back. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { Field } from '../../parts/field.js';

export function NumberField({
  label,
  hint,
  chosen,
  planned,
  min,
  max,
  step = 'any',
  onChange,
}: {
  label: string;
  hint?: string | undefined;
  /** By the reader; undefined: the service's choice stands. */
  chosen: number | undefined;
  planned: number | undefined;
  min?: number;
  max?: number;
  step?: number | 'any';
  onChange: (value: number | undefined) => void;
}) {
  // What is being typed, such as `0.`, is not yet the number that it becomes.
  const [text, setText] = useState<string>();
  return (
    <Field
      label={label}
      hint={<Hint text={hint} isChanged={chosen !== undefined} onReset={() => onChange(undefined)} />}
    >
      <input
        type="number"
        inputMode="decimal"
        min={min}
        max={max}
        step={step}
        value={text ?? chosen ?? planned ?? ''}
        onInput={({ currentTarget: { value } }) => {
          setText(value);
          onChange(value === '' ? undefined : Number(value));
        }}
        onBlur={() => setText(undefined)}
      />
    </Field>
  );
}

export function Hint({
  text,
  isChanged,
  onReset,
}: {
  text?: ComponentChildren;
  isChanged: boolean;
  onReset: () => void;
}) {
  return (
    <>
      {text}{' '}
      {isChanged && (
        <button type="button" class="link" onClick={onReset}>
          Undo my change
        </button>
      )}
    </>
  );
}
