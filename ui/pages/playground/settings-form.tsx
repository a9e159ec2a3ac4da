/** The choices of the playground: the points, the network, and how it is trained. */
import { activationNames } from '../../network/activations.js';
import { Field } from '../../parts/field.js';
import {
  batchSizes,
  epochChoices,
  layerUnits,
  learningRates,
  mostLayers,
  shapes,
  type Activation,
  type Points,
  type Settings,
} from './settings.js';

interface FormProps {
  settings: Settings;
  onChange: (settings: Settings) => void;
}

export function SettingsForm({ settings, onChange }: FormProps) {
  const set = <Name extends keyof Settings>(name: Name, value: Settings[Name]): void =>
    onChange({ ...settings, [name]: value });
  return (
    <div class="stack">
      <PointFields points={settings.points} onChange={(points) => set('points', points)} />
      <LayerFields hidden={settings.hidden} onChange={(hidden) => set('hidden', hidden)} />
      <div class="fields playground-fields">
        <Field label="Activation">
          <select
            value={settings.activation}
            onChange={(event) => set('activation', event.currentTarget.value as Activation)}
          >
            {activationNames.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </Field>
        <Field label="Inputs">
          <select
            value={settings.encoding}
            onChange={(event) => set('encoding', event.currentTarget.value as Settings['encoding'])}
          >
            <option value="standard">x and y</option>
            <option value="piecewise">x and y in pieces</option>
          </select>
        </Field>
        <NumberChoice
          label="Learning rate"
          from={learningRates}
          value={settings.learningRate}
          onChange={(value) => set('learningRate', value)}
        />
        <NumberChoice
          label="Batch size"
          from={batchSizes}
          value={settings.batchSize}
          onChange={(value) => set('batchSize', value)}
        />
        <NumberChoice
          label="Epochs"
          from={epochChoices}
          value={settings.epochs}
          onChange={(value) => set('epochs', value)}
        />
      </div>
    </div>
  );
}

function PointFields({ points, onChange }: { points: Points; onChange: (points: Points) => void }) {
  return (
    <>
      <fieldset class="shapes">
        <legend>Points</legend>
        {shapes.map(([shape, name]) => (
          <label key={shape} class="shape">
            <input
              type="radio"
              name="shape"
              checked={points.shape === shape}
              onChange={() => onChange({ ...points, shape })}
            />
            {name}
          </label>
        ))}
      </fieldset>
      <Field label={`Noise: ${points.noise.toFixed(2)}`}>
        <input
          type="range"
          min="0"
          max="0.5"
          step="0.05"
          value={points.noise}
          onChange={(event) => onChange({ ...points, noise: Number(event.currentTarget.value) })}
        />
      </Field>
      <div class="row">
        <NumberChoice
          label="How many"
          from={[100, 200, 400, 800]}
          value={points.rows}
          onChange={(rows) => onChange({ ...points, rows })}
        />
        <button
          type="button"
          class="align-end"
          onClick={() => onChange({ ...points, seed: points.seed + 1 })}
        >
          Other points
        </button>
      </div>
    </>
  );
}

function LayerFields({
  hidden,
  onChange,
}: {
  hidden: readonly number[];
  onChange: (hidden: number[]) => void;
}) {
  return (
    <fieldset class="layers">
      <legend>Hidden layers</legend>
      {hidden.map((units, layer) => (
        <select
          key={layer}
          aria-label={`Units of hidden layer ${layer + 1}`}
          value={units}
          onChange={(event) =>
            onChange(hidden.map((each, i) => (i === layer ? Number(event.currentTarget.value) : each)))
          }
        >
          {layerUnits.map((each) => (
            <option key={each} value={each}>
              {each} {each === 1 ? 'unit' : 'units'}
            </option>
          ))}
        </select>
      ))}
      <button
        type="button"
        class="small-button"
        aria-label="Add a hidden layer"
        disabled={hidden.length >= mostLayers}
        onClick={() => onChange([...hidden, hidden.at(-1) ?? 4])}
      >
        +
      </button>
      <button
        type="button"
        class="small-button"
        aria-label="Remove the last hidden layer"
        disabled={hidden.length === 0}
        onClick={() => onChange(hidden.slice(0, -1))}
      >
        −
      </button>
    </fieldset>
  );
}

function NumberChoice({
  label,
  from,
  value,
  onChange,
}: {
  label: string;
  from: readonly number[];
  value: number;
  onChange: (value: number) => void;
}) {
  return (
    <Field label={label}>
      <select value={value} onChange={(event) => onChange(Number(event.currentTarget.value))}>
        {from.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </select>
    </Field>
  );
}
