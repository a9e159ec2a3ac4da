/** A drawn picture on its way through the network: what the network sees, which units answer, and what it reads. */
import { useMemo, useRef, useState } from 'preact/hooks';
import { contributions, forward } from '../../network/forward.js';
import type { NetworkModel } from '../../network/network-model.js';
import { DrawingPad } from '../../parts/drawing-pad.js';
import { formatNumber, formatPercent } from '../../parts/format.js';
import { ErrorNotice } from '../../parts/notice.js';
import { PaintedCanvas } from '../../parts/painted-canvas.js';
import { largestOf, signedImage } from '../../parts/pixel-image.js';
import { PixelPicture } from '../../parts/pixel-picture.js';
import { signedColours } from '../../parts/theme-colours.js';
import { Section } from '../../parts/page.js';
import { WeightPicture } from './weight-pictures.js';
import './look-inside.css';

/** Resolves to what the picture becomes: the pixels that the network takes. */
export type SeePicture = (png: Blob) => Promise<number[]>;

export function DigitReader({ network, see }: { network: NetworkModel; see: SeePicture }) {
  const [seen, setSeen] = useState<number[] | null>(null);
  const [error, setError] = useState<unknown>();
  const newest = useRef(0);
  const side = Math.sqrt(network.inputs);
  const onChange = (png: Blob, pixels: Uint8Array): void => {
    const round = ++newest.current;
    if (pixels.every((pixel) => pixel === 0)) {
      setSeen(null);
      return;
    }
    see(png).then(
      (inputs) => {
        // An older picture may be answered after a newer one.
        if (round !== newest.current) return;
        setSeen(inputs);
        setError(undefined);
      },
      (reason: unknown) => round === newest.current && setError(reason),
    );
  };
  const read = useMemo(() => (seen ? readingOf(network, seen) : null), [network, seen]);
  return (
    <div class="digit-reader">
      <Section title="Draw">
        <DrawingPad size={side} onChange={onChange} label="Draw a digit here" />
        {error !== undefined && <ErrorNotice error={error} />}
      </Section>
      <Section title="It reads">
        <Reading network={network} read={read} />
      </Section>
      <Section title="It sees">
        <PixelPicture
          class="seen-picture"
          label="The picture as the network gets it"
          pixels={seen}
          side={side}
        />
        <p class="small muted">
          The drawing is cropped, scaled and centred, as the pictures that the network learnt from were.
        </p>
      </Section>
      <div class="digit-inside">
        <Section title="Inside">
          <HiddenUnits network={network} read={read} />
        </Section>
      </div>
    </div>
  );
}

interface ReadDigit {
  probabilities: Float32Array;
  best: number;
  /** (units) Of the first hidden layer. */
  hidden: Float32Array;
  /** The units of the first hidden layer that say most, the strongest first. */
  strongest: { unit: number; activation: number; strength: number }[];
}

const strongestShown = 8;

function readingOf(network: NetworkModel, seen: readonly number[]): ReadDigit {
  const { hidden, results } = forward(network, seen, 1);
  const best = results.indexOf(Math.max(...results));
  const first = hidden[0] ?? new Float32Array();
  const layers = network.members[0] ?? [];
  // What a unit of the first of several hidden layers says to the answer goes through the others.
  const strengths = layers.length === 2 ? contributions(layers, first, best) : first;
  const strongest = Array.from(strengths, (strength, unit) => ({
    unit,
    activation: first[unit] ?? 0,
    strength,
  }))
    .sort((one, other) => other.strength - one.strength)
    .slice(0, strongestShown);
  return { probabilities: results, best, hidden: first, strongest };
}

function Reading({ network: { head }, read }: { network: NetworkModel; read: ReadDigit | null }) {
  const labels = head.kind === 'classes' ? head.labels : [];
  return (
    <>
      <p class="read-digit" aria-live="polite">
        <strong>{read ? labels[read.best] : '–'}</strong>
        <span class="muted">
          {read ? `${formatPercent(read.probabilities[read.best], 1)} sure` : 'Draw a digit from 0 to 9.'}
        </span>
      </p>
      <ul class="plain-list probabilities">
        {labels.map((label, i) => (
          <li key={label} class={read?.best === i ? 'best' : ''}>
            <span>{label}</span>
            <span class="bar">
              <span style={{ width: `${100 * (read?.probabilities[i] ?? 0)}%` }} />
            </span>
            <span class="small muted">{read ? formatPercent(read.probabilities[i], 1) : ''}</span>
          </li>
        ))}
      </ul>
    </>
  );
}

function HiddenUnits({ network, read }: { network: NetworkModel; read: ReadDigit | null }) {
  const units = network.members[0]?.[0]?.units ?? 0;
  if ((network.members[0]?.length ?? 0) < 2) return <p class="muted">This network has no hidden layer.</p>;
  const columns = Math.ceil(Math.sqrt(units) * 1.6);
  const rows = Math.ceil(units / columns);
  const labels = network.head.kind === 'classes' ? network.head.labels : [];
  const paint = (context: CanvasRenderingContext2D, width: number, height: number): void => {
    context.imageSmoothingEnabled = false;
    const hidden = read?.hidden ?? new Float32Array(units);
    const image = signedImage(hidden, {
      width: columns,
      height: rows,
      largest: largestOf(hidden),
      colours: signedColours(),
    });
    context.drawImage(image, 0, 0, width, height);
  };
  return (
    <div class="hidden-units">
      <div class="stack">
        <h3>All {units} units of the first hidden layer</h3>
        <PaintedCanvas
          class="hidden-grid"
          label={`How strongly each of the ${units} units answers.`}
          ratio={columns / Math.max(1, rows)}
          paint={paint}
          inputs={[read]}
        />
        <p class="small muted">The stronger the colour, the stronger the unit answers to the drawing.</p>
      </div>
      <div class="stack">
        <h3>{read ? `What speaks most for ${labels[read.best] ?? ''}` : 'The units that say most'}</h3>
        {read ? (
          <ul class="plain-list strongest-units">
            {read.strongest.map(({ unit, activation, strength }) => (
              <li key={unit}>
                <WeightPicture network={network} unit={unit} />
                <span class="small muted">
                  unit {unit + 1}: {formatNumber(activation, 2)}
                  {strength !== activation && <>, adds {formatNumber(strength, 2)}</>}
                </span>
              </li>
            ))}
          </ul>
        ) : (
          <p class="small muted">Each with the picture that it looks for, once something is drawn.</p>
        )}
      </div>
    </div>
  );
}
