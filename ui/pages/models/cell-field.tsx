/** The field of one column, by its type: what it usually is, and what is odd about what was entered. */
import { useId, useState } from 'preact/hooks';
import { formatNumber } from '../../parts/format.js';
import { typicalOf } from './cells.js';
import type { Column } from './model-data.js';

interface CellFieldProps {
  column: Column;
  text: string;
  warning: string | undefined;
  error: string | undefined;
  onChange: (text: string) => void;
}

export function CellField({ column, text, warning, error, onChange }: CellFieldProps) {
  const id = useId();
  const hint = hintOf(column);
  const described = [hint && `${id}-hint`, warning && `${id}-warning`, error && `${id}-error`].filter(
    Boolean,
  );
  const given = {
    id,
    'aria-describedby': described.join(' ') || undefined,
    'aria-invalid': error !== undefined || undefined,
  };
  return (
    <div class={`field ${warning === undefined ? '' : 'odd'}`}>
      <label for={id}>{column.name}</label>
      <Input column={column} text={text} onChange={onChange} given={given} />
      {hint !== '' && (
        <p id={`${id}-hint`} class="hint">
          {hint}
        </p>
      )}
      {warning !== undefined && (
        <p id={`${id}-warning`} class="field-warning" role="status">
          {warning}
        </p>
      )}
      {error !== undefined && (
        <p id={`${id}-error`} class="field-error" role="alert">
          {error}
        </p>
      )}
    </div>
  );
}

type InputProps = Pick<CellFieldProps, 'column' | 'text' | 'onChange'> & { given: object };

function Input({ column, text, onChange, given }: InputProps) {
  if (column.type === 'boolean') {
    return (
      <Choice
        values={['true', 'false']}
        text={text}
        onChange={onChange}
        given={given}
        names={{ true: 'yes', false: 'no' }}
      />
    );
  }
  if (column.levels && column.levels.length > 0)
    return <LevelInput column={column} text={text} onChange={onChange} given={given} />;
  if (column.type === 'number')
    return <NumberInput column={column} text={text} onChange={onChange} given={given} />;
  return <input {...given} value={text} onInput={({ currentTarget }) => onChange(currentTarget.value)} />;
}

function Choice({
  values,
  text,
  onChange,
  given,
  names = {},
  other,
}: {
  values: readonly string[];
  text: string;
  onChange: (text: string) => void;
  given: object;
  names?: Record<string, string>;
  /** Called when the reader wants to enter something else. */
  other?: () => void;
}) {
  return (
    <select
      {...given}
      value={values.indexOf(text)}
      onChange={({ currentTarget }) => {
        const index = Number(currentTarget.value);
        if (index === otherIndex) other?.();
        else onChange(values[index] ?? '');
      }}
    >
      {values.map((value, index) => (
        <option key={value} value={index}>
          {names[value] ?? value}
        </option>
      ))}
      <option value={-1}>(no value)</option>
      {other && <option value={otherIndex}>another value …</option>}
    </select>
  );
}

const otherIndex = -2;

/** The commonest values to choose from, and any other to enter. */
function LevelInput({ column, text, onChange, given }: InputProps) {
  const levels = column.levels ?? [];
  const [isOther, setIsOther] = useState(false);
  const isKnown = text === '' || levels.includes(text);
  if (isKnown && !isOther) {
    return (
      <Choice
        values={levels}
        text={text}
        onChange={onChange}
        given={given}
        other={() => {
          setIsOther(true);
          onChange('');
        }}
      />
    );
  }
  return (
    <div class="row other-value">
      <input
        {...given}
        value={text}
        placeholder="any text"
        onInput={({ currentTarget }) => onChange(currentTarget.value)}
      />
      <button
        type="button"
        class="small-button"
        onClick={() => {
          setIsOther(false);
          onChange(levels[0] ?? '');
        }}
      >
        Choose
      </button>
    </div>
  );
}

/** A number, and a slider over what the training rows had. */
function NumberInput({ column: { name, min, max }, text, onChange, given }: InputProps) {
  const hasRange = typeof min === 'number' && typeof max === 'number' && min < max;
  const value = Number(text);
  return (
    <>
      <input
        {...given}
        inputMode="decimal"
        value={text}
        onInput={({ currentTarget }) => onChange(currentTarget.value)}
      />
      {hasRange && (
        <input
          type="range"
          aria-label={`${name}, as a slider`}
          min={min}
          max={max}
          step={stepOf(min, max)}
          value={text.trim() === '' || !Number.isFinite(value) ? (min + max) / 2 : value}
          onInput={({ currentTarget }) => onChange(shortText(currentTarget.valueAsNumber))}
        />
      )}
    </>
  );
}

/** About a hundred steps, of whole numbers where there is room. */
function stepOf(min: number, max: number): number | 'any' {
  const isWhole = Number.isInteger(min) && Number.isInteger(max);
  return isWhole && max - min >= 10 ? Math.max(1, Math.round((max - min) / 200)) : (max - min) / 200;
}

function shortText(value: number): string {
  return String(Number(value.toPrecision(5)));
}

function hintOf(column: Column): string {
  const { type, min, max, levels, level_count: count } = column;
  if (min !== undefined && max !== undefined) {
    const text = (value: string | number): string =>
      typeof value === 'number' ? formatNumber(value) : value;
    return `Trained on ${text(min)} to ${text(max)}`;
  }
  if (levels && count !== undefined && count > levels.length)
    return `One of ${formatNumber(count)} known values`;
  if (type === 'boolean' || levels) return '';
  const typical = typicalOf(column);
  return typical === null ? '' : `For example ${String(typical)}`;
}
