/** The settings of the training, filled in with what the service chose. */
import { useState } from 'preact/hooks';
import { Field } from '../../parts/field.js';
import { Hint, NumberField } from './number-field.js';
import { parseUnits, type Changes, type Choices, type Plan } from './training-request.js';

interface Props {
  choices: Choices;
  plan: Plan | undefined;
  onChange: (changes: Changes) => void;
}

export function RecipeFields({ choices, plan, onChange }: Props) {
  const spec = plan?.spec;
  return (
    <>
      <div class="fields">
        <Field label="Name of the model" hint="Under this name it is published and answers.">
          <input
            value={choices.model ?? plan?.model ?? ''}
            maxLength={64}
            onInput={({ currentTarget }) => onChange({ model: currentTarget.value || undefined })}
          />
        </Field>
        <PresetField choices={choices} plan={plan} onChange={onChange} />
        <LayersField choices={choices} plan={plan} onChange={onChange} />
        <NumberField
          label="Dropout"
          hint="Share of the units that are switched off while learning, from 0 to 0.95."
          chosen={choices.dropout}
          planned={spec?.network.hidden[0]?.dropout}
          min={0}
          max={0.95}
          onChange={(dropout) => onChange({ dropout })}
        />
        <NumberField
          label="Epochs"
          hint="Passes over the rows, at most."
          chosen={choices.epochs}
          planned={spec?.epochs}
          min={1}
          step={1}
          onChange={(epochs) => onChange({ epochs })}
        />
        <NumberField
          label="Learning rate"
          hint={spec && `Of the optimiser, ${spec.optimizer.type}.`}
          chosen={choices.learningRate}
          planned={spec?.optimizer.learning_rate}
          min={0}
          onChange={(learningRate) => onChange({ learningRate })}
        />
        <NumberField
          label="Batch size"
          hint="Rows that are learned from at once."
          chosen={choices.batchSize}
          planned={spec?.batch_size}
          min={1}
          step={1}
          onChange={(batchSize) => onChange({ batchSize })}
        />
        <NumberField
          label="Patience"
          hint="Epochs without a better one that end training; 0: it never stops early."
          chosen={choices.patience}
          planned={spec && (spec.patience ?? 0)}
          min={0}
          step={1}
          onChange={(patience) => onChange({ patience })}
        />
      </div>
      <details>
        <summary>More settings</summary>
        <div class="fields more-fields">
          <NumberField
            label="Networks in an ensemble"
            hint="Trained one after another; they answer with their mean."
            chosen={choices.ensemble}
            planned={spec && (spec.ensemble ?? 1)}
            min={1}
            step={1}
            onChange={(ensemble) => onChange({ ensemble })}
          />
          <GateField choices={choices} plan={plan} onChange={onChange} />
          <EngineField choices={choices} plan={plan} onChange={onChange} />
          <NumberField
            label="Seed"
            hint="The same seed and data give the same model."
            chosen={choices.seed}
            planned={spec?.seed}
            min={0}
            step={1}
            onChange={(seed) => onChange({ seed })}
          />
        </div>
      </details>
    </>
  );
}

function PresetField({ choices: { preset }, plan, onChange }: Props) {
  return (
    <Field
      label="Recipe"
      hint={
        <Hint
          text="What is chosen where you say nothing."
          isChanged={preset !== undefined}
          onReset={() => onChange({ preset: undefined })}
        />
      }
    >
      <select
        value={preset ?? plan?.spec.preset ?? 'plain'}
        onChange={({ currentTarget }) => onChange({ preset: currentTarget.value as Choices['preset'] })}
      >
        <option value="auto">What suits this data best</option>
        <option value="plain">The classic, plain network</option>
      </select>
    </Field>
  );
}

function LayersField({ choices: { units }, plan, onChange }: Props) {
  const [text, setText] = useState<string>();
  const planned = (units ?? plan?.spec.network.hidden.map((layer) => layer.units) ?? []).join(', ');
  const isWrong = text !== undefined && parseUnits(text) === undefined;
  return (
    <Field
      label="Hidden layers"
      hint={
        <Hint
          text="Units of each layer; empty for none."
          isChanged={units !== undefined}
          onReset={() => {
            setText(undefined);
            onChange({ units: undefined });
          }}
        />
      }
      {...(isWrong && { error: 'Write whole numbers, such as 256, 128.' })}
    >
      <input
        inputMode="numeric"
        value={text ?? planned}
        onInput={({ currentTarget: { value } }) => {
          setText(value);
          const parsed = parseUnits(value);
          if (parsed) onChange({ units: parsed });
        }}
      />
    </Field>
  );
}

function GateField({ choices: { publishIf }, plan, onChange }: Props) {
  const planned = plan?.spec.publish_if;
  return (
    <Field label="Serve the new version" hint="A version that is not served is kept, with the reason.">
      <select
        value={publishIf ?? (typeof planned === 'string' ? planned : 'better_than_baseline')}
        onChange={({ currentTarget }) => onChange({ publishIf: currentTarget.value as Choices['publishIf'] })}
      >
        <option value="better_than_baseline">If it is better than guessing</option>
        <option value="always">In any case</option>
      </select>
    </Field>
  );
}

const engines = ['auto', 'native', 'wasm', 'webgpu', 'tensorflow', 'reference'];

function EngineField({ choices: { engine }, onChange }: Props) {
  return (
    <Field label="Engine" hint="What computes; auto takes the fastest that runs here.">
      <select
        value={engine ?? 'auto'}
        onChange={({ currentTarget: { value } }) =>
          onChange({ engine: value === 'auto' ? undefined : value })
        }
      >
        {engines.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </Field>
  );
}
