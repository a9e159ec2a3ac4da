/**
 * A strict parser of Prometheus' text format 0.0.4. Anything that a scraper might misread or skip is an error here.
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */

export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export interface Family {
  name: string;
  help: string;
  type: string;
  samples: Sample[];
}

const metricName = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const helpLine = new RegExp(`^# HELP (${metricName}) (\\S.*)$`);
const typeLine = new RegExp(`^# TYPE (${metricName}) (counter|gauge|histogram)$`);
const sampleLine = new RegExp(`^(${metricName})(?:\\{(.*)\\})? (\\S+)$`);
const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y;

/** By name. */
export function parseExposition(text: string): Map<string, Family> {
  if (!text.endsWith('\n')) throw new Error('The last line does not end');
  const families = new Map<string, Family>();
  let family: Family | undefined;
  const seen = new Set<string>();
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue;
    const help = helpLine.exec(line);
    const type = typeLine.exec(line);
    if (help) {
      const [, name, words] = help;
      if (families.has(name)) throw new Error(`${name} comes twice`);
      family = { name, help: words, type: '', samples: [] };
      families.set(name, family);
    } else if (type) {
      if (family?.name !== type[1] || family.type !== '') throw new Error(`Out of place: ${line}`);
      family.type = type[2];
    } else {
      const sample = parseSample(line);
      if (family === undefined || !belongs(sample, family)) throw new Error(`Out of place: ${line}`);
      const series = JSON.stringify([sample.name, Object.entries(sample.labels).sort()]);
      if (seen.has(series)) throw new Error(`Comes twice: ${line}`);
      seen.add(series);
      family.samples.push(sample);
    }
  }
  for (const each of families.values()) if (each.type === 'histogram') checkHistogram(each);
  return families;
}

/** The value of the only series that has these labels, among others; undefined: there is no such series. */
export function valueOf(
  families: Map<string, Family>,
  name: string,
  labels: Record<string, string> = {},
): number | undefined {
  const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ''));
  const found = family?.samples.filter(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  );
  if (found !== undefined && found.length > 1) throw new Error(`${name} has more than one such series`);
  return found?.[0]?.value;
}

function parseSample(line: string): Sample {
  const match = sampleLine.exec(line);
  if (match === null) throw new Error(`Not a sample: ${line}`);
  const [, name, labels = '', value] = match as unknown as [string, string, string | undefined, string];
  return { name, labels: parseLabels(labels), value: parseValue(value) };
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  label.lastIndex = 0;
  while (label.lastIndex < text.length) {
    const at = label.lastIndex;
    const match = label.exec(text);
    if (match === null) throw new Error(`Not labels: ${text.slice(at)}`);
    const [, name, value] = match;
    if (name in labels) throw new Error(`${name} comes twice: ${text}`);
    labels[name] = value.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
  }
  return labels;
}

function parseValue(text: string): number {
  if (text === '+Inf') return Infinity;
  if (text === '-Inf') return -Infinity;
  // Go, and so Prometheus, reads NaN in upper and lower case.
  if (/^nan$/i.test(text)) return NaN;
  if (!/^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(text)) throw new Error(`Not a number: ${text}`);
  return Number(text);
}

function belongs({ name, labels }: Sample, family: Family): boolean {
  if (family.type !== 'histogram') return name === family.name;
  if (name === `${family.name}_bucket`) return 'le' in labels;
  return name === `${family.name}_sum` || name === `${family.name}_count`;
}

/** Checks that the buckets rise with their bounds and that the last one holds all observations. */
function checkHistogram({ name, samples }: Family): void {
  const counts = samples.filter((sample) => sample.name === `${name}_count`);
  for (const count of counts) {
    const buckets = samples
      .filter((sample) => sample.name === `${name}_bucket`)
      .filter(({ labels }) => Object.entries(count.labels).every(([key, value]) => labels[key] === value));
    const bounds = buckets.map(({ labels }) => parseValue(labels.le));
    const values = buckets.map(({ value }) => value);
    if (!rises(bounds, true) || !rises(values, false)) throw new Error(`The buckets of ${name} do not rise`);
    if (bounds.at(-1) !== Infinity || values.at(-1) !== count.value) {
      throw new Error(`The last bucket of ${name} does not hold all`);
    }
  }
}

function rises(numbers: number[], strictly: boolean): boolean {
  return numbers.every(
    (number, i) => i === 0 || number > numbers[i - 1] || (!strictly && number === numbers[i - 1]),
  );
}
