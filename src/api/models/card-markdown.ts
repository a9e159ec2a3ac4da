/** The card of a version as Markdown, as model hubs and wikis show it. */
import type { CardFigures, ModelCard } from '../../jobs/views/model-card.js';

/** @param url of the service, as the client reaches it */
export function cardMarkdown(card: ModelCard, url: string): string {
  return [
    `# ${card.model}, version ${card.version}`,
    introduction(card),
    dataSection(card),
    recipeSection(card),
    figuresSection(card),
    listSection('What it should not be used for', card.limits, 'Nothing that is known speaks against it.'),
    reproduceSection(card, url),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n');
}

function introduction(card: ModelCard): string {
  const { task, target, labels, network, parameters, members, created_at, file } = card;
  const what = target.length > 0 ? `Predicts ${list(target)}` : 'Predicts';
  const layers = network.hidden.map(({ units, activation }) => `${units} ${activation}`);
  const shape = [`${network.inputs} inputs`, ...layers, `${network.outputs} outputs`].join(' → ');
  return [
    `${what} (${task}${labels.length > 0 ? `: ${list(labels)}` : ''}).`,
    '',
    `- Network: ${members > 1 ? `${members} members of ` : ''}${shape}; ${parameters.toLocaleString('en')} parameters`,
    `- Published: ${created_at}`,
    `- File: ${file.size_bytes.toLocaleString('en')} bytes, SHA-256 \`${file.sha256}\``,
  ].join('\n');
}

function dataSection({ data, training }: ModelCard): string {
  if (data === null)
    return '## Data\n\nIt was not trained here, or its job is gone: what it learned from is not known.';
  const { dataset, version, sha256, split, rows } = data;
  const counted = rows
    ? `; rows: ${rows.train} to train, ${rows.validation} to decide, ${rows.test} to test, ${rows.left_out} left out`
    : '';
  const lines = [
    `- Dataset: ${cell(dataset)}${version === null ? '' : `, version ${version}`}`,
    `- SHA-256 of the content: ${sha256 === null ? 'not recorded' : `\`${sha256}\``}`,
    `- Split: ${cell(splitText(split))}${counted}`,
  ];
  const { job_id, engine, device } = training ?? { job_id: '', engine: null, device: null };
  const on = engine === null ? '' : ` on ${engine} (${device ?? 'unknown'})`;
  return ['## Data', '', ...lines, `- Trained by the job \`${job_id}\`${on}`].join('\n');
}

function splitText(split: NonNullable<ModelCard['data']>['split']): string {
  if (!('by' in split)) return `${split.validation} of the training rows to decide`;
  const by = split.column === null ? split.by : `${split.by} ${split.column}`;
  return `by ${by}, ${split.validation} to decide, ${split.test} to test`;
}

function recipeSection({ recipe }: ModelCard): string {
  if (recipe.length === 0) return '';
  const rows = recipe.map(({ field, value, reason }) => [
    field,
    valueText(value),
    reason ?? 'asked for, or the default',
  ]);
  return `## Recipe\n\n${table(['field', 'value', 'why'], rows)}`;
}

function valueText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const splitNames = { test: 'rows that decided nothing', validation: 'rows that decided' };

function figuresSection({ figures }: ModelCard): string {
  if (figures.length === 0) return '## Figures\n\nIt was not evaluated.';
  return ['## Figures', ...figures.map(splitFigures)].join('\n\n');
}

function splitFigures({ split, rows, figures }: CardFigures): string {
  const lines = figures.map(({ name, value, interval, linear, constant }) => [
    name,
    number(value),
    interval ? `${number(interval[0])} to ${number(interval[1])}` : '–',
    linear === null ? '–' : number(linear),
    constant === null ? '–' : number(constant),
  ]);
  const head = ['figure', 'value', '95 % interval', 'linear model', 'always the same answer'];
  return `On ${rows.toLocaleString('en')} ${splitNames[split]}:\n\n${table(head, lines)}`;
}

function listSection(title: string, items: readonly string[], otherwise: string): string {
  const lines = items.length === 0 ? [otherwise] : items.map((item) => `- ${cell(item)}`);
  return [`## ${title}`, '', ...lines].join('\n');
}

function reproduceSection({ reproduce }: ModelCard, url: string): string {
  if (reproduce === null) return '';
  return [
    '## Reproduce',
    '',
    'Trains it again, from the same data and seed, and says whether the same bits come out:',
    '',
    '```sh',
    `curl -X POST '${url}/v1/jobs' -H 'content-type: application/json' -d '${JSON.stringify(reproduce)}'`,
    '```',
  ].join('\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function list(names: readonly string[]): string {
  const more = names.length > 20 ? ` and ${names.length - 20} more` : '';
  return cell(names.slice(0, 20).join(', ')) + more;
}

/** Names come from data: they must neither end a cell nor become markup. */
function cell(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[\\`*_[\]<>|#]/g, (mark) => `\\${mark}`);
}

function number(value: number): string {
  return String(Number(value.toPrecision(4)));
}
