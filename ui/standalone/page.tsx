/** The page of a file that predicts without the service: a form, a drawing pad or numbers, with the answer as one goes. */
import { render } from 'preact';
import '../styles/theme.css';
import '../styles/elements.css';
import '../styles/parts.css';
import '../pages/models/models.css';
import './standalone.css';
import { formatNumber } from '../parts/format.js';
import type { PictureShape } from '../parts/pixel-picture.js';
import { NumbersForm } from './numbers-form.js';
import type { StandaloneModel } from './model.js';
import { PictureForm } from './picture-form.js';
import { TableForm } from './table-form.js';

/** Called by the file, once its model is open. */
export function showPage(model: StandaloneModel, root: HTMLElement): void {
  render(<StandalonePage model={model} />, root);
}

export function showProblem(root: HTMLElement, error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error);
  render(
    <p class="notice error" role="alert">
      This browser cannot run the model: {reason}
    </p>,
    root,
  );
}

function StandalonePage({ model }: { model: StandaloneModel }) {
  const { columns } = model;
  const shape = shapeOf(model);
  return (
    <main class="page standalone">
      <header class="page-header">
        <div>
          <h1>{model.model}</h1>
          <p class="lead">
            Version {model.version} · {whatItDoes(model)}
          </p>
        </div>
        <p class="badge good">Runs in this page alone</p>
      </header>
      {columns ? (
        <TableForm model={model} columns={columns} />
      ) : shape !== undefined ? (
        <PictureForm model={model} shape={shape} />
      ) : (
        <NumbersForm model={model} />
      )}
      <footer class="small muted">
        What you enter stays on this device: the page has no way to send it. Trained and written by Trainyard.
      </footer>
    </main>
  );
}

function whatItDoes(model: StandaloneModel): string {
  const { columns, targets, labels, width } = model;
  const shape = shapeOf(model);
  const from = columns
    ? `${formatNumber(columns.length)} columns`
    : shape === undefined
      ? `${formatNumber(width)} numbers`
      : `pictures of ${shape.width} × ${shape.height} pixels`;
  const what =
    targets.length > 0
      ? `predicts ${targets.join(', ')}`
      : labels.length > 0
        ? `tells ${formatNumber(labels.length)} classes apart`
        : 'predicts values';
  return `${what} from ${from}`;
}

/** Of the pictures that the model takes; undefined: it takes something else. */
function shapeOf({ columns, width, image }: StandaloneModel): PictureShape | undefined {
  if (image !== null) return image;
  const side = Math.sqrt(width);
  const isSquare = columns === null && Number.isInteger(side) && side >= 8;
  return isSquare ? { width: side, height: side, channels: 1 } : undefined;
}
