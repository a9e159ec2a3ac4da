/** The part of model.py that makes inputs of the cells of a table: the arithmetic of `src/model/preprocessing/parts.ts` in Python. */
import { isNumeric } from '../../../lib/cells/cell-format.js';
import type { Part } from '../../preprocessing/parts.js';
import type { FittedColumn, TablePreprocessing } from '../../preprocessing/table.js';
import { pythonLiteral } from './python-literal.js';

/** `scaled`: what is done to the inputs afterwards. */
export function tableSource(
  { columns, width }: TablePreprocessing,
  scaled: (inputs: string) => string,
): string {
  const kinds = new Set(columns.flatMap(({ parts }) => parts.map(({ kind }) => kind)));
  const isOfNumbers = columns.map(({ format }) => isNumeric(format));
  return [
    `COLUMNS = [\n${columns.map((column) => `    ${pythonLiteral(columnOf(column))},\n`).join('')}]\n`,
    ...(isOfNumbers.includes(true) ? [numberSource] : []),
    ...(isOfNumbers.includes(false) ? [levelSource] : []),
    partSource(kinds),
    `def inputs_of(rows):
    """(rows, ${width}) float32"""
    inputs = torch.zeros(len(rows), ${width})
    for i, row in enumerate(rows):
        values = []
        for column in COLUMNS:
            cell = ${readSource(isOfNumbers)}
            for part in column["parts"]:
                values += part_of(part, cell)
        inputs[i] = torch.tensor(values)
    return ${scaled('inputs')}
`,
  ].join('\n\n');
}

/** What is needed to read a cell of the column and to make inputs of it. */
function columnOf({ name, format, parts }: FittedColumn): object {
  const { type, missing } = format;
  const texts = format.type === 'boolean' ? { true: format.true, false: format.false } : {};
  return { name, type, missing, ...texts, parts };
}

function readSource(isOfNumbers: readonly boolean[]): string {
  const [number, level] = [
    'number_of(column, row.get(column["name"]))',
    'level_of(column, row.get(column["name"]))',
  ];
  if (!isOfNumbers.includes(false)) return number;
  if (!isOfNumbers.includes(true)) return level;
  return `(number_of if column["type"] in ("number", "boolean", "datetime") else level_of)(column, row.get(column["name"]))`;
}

const numberSource = `def number_of(column, cell):
    """A number; of a boolean 1 or 0, of a moment the milliseconds since 1970 (UTC). NaN: missing."""
    text = "" if cell is None or cell != cell else str(cell).strip().lower()
    if text == "" or text in column["missing"]:
        return math.nan
    if column["type"] == "boolean":
        if text in column["true"] or cell is True:
            return 1.0
        if text in column["false"] or cell is False:
            return 0.0
        raise ValueError(f"{column['name']} is {cell!r}, which is neither true nor false")
    if column["type"] == "datetime":
        moment = datetime.fromisoformat(str(cell).strip())
        since = moment.replace(tzinfo=moment.tzinfo or timezone.utc) - datetime(1970, 1, 1, tzinfo=timezone.utc)
        return since.days * 86_400_000.0 + since.seconds * 1_000 + since.microseconds // 1_000
    return float(cell)
`;

const levelSource = `def level_of(column, cell):
    """A level, which is text; None: it is missing."""
    if isinstance(cell, bool):
        cell = str(cell).lower()
    elif isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = "" if cell is None or cell != cell else str(cell).strip()
    return None if text == "" or text.lower() in column["missing"] else text
`;

/** The lines of \`part_of\` for each kind of part. */
const partLines: Record<Part['kind'], string> = {
  standard: `    if kind == "standard":
        x = part["fill"] if not math.isfinite(cell) else cell
        return [max(-10_000.0, min(10_000.0, (x - part["mean"]) / part["std"]))]
`,
  robust: `    if kind == "robust":
        x = part["fill"] if not math.isfinite(cell) else cell
        t = max(-10_000.0, min(10_000.0, (x - part["center"]) / part["scale"]))
        return [t / math.sqrt(1 + (t / 3) ** 2)]
`,
  piecewise: `    if kind == "piecewise":
        x, edges = part["fill"] if not math.isfinite(cell) else cell, part["edges"]
        bins = [(x / 2 - low / 2) / (high / 2 - low / 2) for low, high in zip(edges, edges[1:])]
        bins = [max(0.0, min(1.0, way)) for way in bins]
        return bins + [0.0] * (part["width"] - len(bins))
`,
  cycle: `    if kind == "cycle":
        if not math.isfinite(cell):
            return [0.0, 0.0]
        day = 86_400_000
        year = 365.2425 * day
        week = (cell // day + 3) % 7 / 7
        phase = {"year": cell % year / year, "week": week, "day": cell % day / day}[part["period"]]
        return [math.sin(2 * math.pi * phase), math.cos(2 * math.pi * phase)]
`,
  one_hot: `    if kind == "one_hot":
        places = [0.0] * part["width"]
        if cell in part["levels"]:
            places[part["levels"].index(cell)] = 1.0
        elif cell is not None and part["rare"]:
            places[len(part["levels"])] = 1.0
        return places
`,
  sign: `    if kind == "sign":
        return [(1.0, -1.0)[part["levels"].index(cell)] if cell in part["levels"] else 0.0]
`,
  missing: `    if kind == "missing":
        return [1.0 if cell is None or cell != cell else 0.0]
`,
  unused: `    if kind == "unused":
        return [0.0] * part["width"]
`,
};

function partSource(kinds: ReadonlySet<Part['kind']>): string {
  return `def part_of(part, cell):
    """The inputs that a part of a column makes of a cell."""
    kind = part["kind"]
${[...kinds].map((kind) => partLines[kind]).join('')}`;
}
