/**
 * Reads an archive of pictures: decodes each, keeps it small, and finds out its class and its split. The pixels are stored as they
 * come; one picture is in memory at a time.
 */
import { createHash } from 'node:crypto';
import { TrainyardError } from '../../errors.js';
import { readAnyPicture } from '../../images/read-image.js';
import type { Picture } from '../../images/picture.js';
import { quoted, type ArchiveEntry } from '../formats/archive.js';
import { problem, refusal, shortened, TableRefusal } from '../formats/rows.js';
import { rowSplits } from '../splits.js';
import { mostProblems, type TableProblem, type TableWarning } from '../table-schema.js';
import { isLabelsFile, readLabels, type LabelledFile } from './labels-file.js';
import { placesOf, type Place } from './layout.js';
import type { PictureIndex } from '../picture-index.js';
import { warningsOfPictures } from './warnings.js';

export interface PictureIntake {
  /** The pixels of one picture after the other; to be read to the end first. @throws TableRefusal */
  pixels: AsyncIterable<Uint8Array>;
  /** @throws TableRefusal */
  index(): PictureIndex;
}

const pictureNames = /\.(?:png|jpe?g|jpe|jfif|pjpeg|webp|avif|tiff?|gif|bmp|hei[cf]|jp2|jxl)$/i;

/** What systems and programs leave in folders. */
const leftovers = /(?:^|\/)(?:\.|__MACOSX\/|Thumbs\.db$|desktop\.ini$)/i;

/** Classes that the name of a file, or a mistake, would make. */
const mostClasses = 1_000;

interface KeptPicture {
  path: string;
  width: number;
  height: number;
  channels: 1 | 3;
  /** Of its size and its pixels. */
  digest: string;
}

/** `onPicture` is told how many there are so far, and the fraction of the archive where that is known. */
export function takeInPictures(
  entries: AsyncIterable<ArchiveEntry>,
  onPicture: (count: number, fraction: number | null) => void,
): PictureIntake {
  const kept: KeptPicture[] = [];
  const problems: TableProblem[] = [];
  const otherFiles: string[] = [];
  let labels: LabelledFile[] | null = null;

  async function* pixels(): AsyncGenerator<Uint8Array> {
    for await (const entry of entries) {
      const { path } = entry;
      if (leftovers.test(path)) continue;
      if (isLabelsFile(path)) labels = [...(labels ?? []), ...(await readLabels(path, await entry.read()))];
      else if (!pictureNames.test(path)) otherFiles.push(path);
      else {
        const picture = await read(entry, problems);
        if (problems.length >= mostProblems) throw new TableRefusal(problems);
        if (picture === null) continue;
        const { width, height, channels, pixels: bytes } = picture;
        kept.push({ path, width, height, channels, digest: digestOf(picture) });
        onPicture(kept.length, entry.fraction);
        yield bytes;
      }
    }
    if (problems.length > 0) throw new TableRefusal(problems);
    if (kept.length === 0) throw noPictures(otherFiles);
  }

  return {
    pixels: pixels(),
    index: () => indexOf(kept, labels, otherFiles),
  };
}

/** null: it cannot be read, as `problems` says then. */
async function read(entry: ArchiveEntry, problems: TableProblem[]): Promise<Picture | null> {
  const bytes = await entry.read();
  try {
    return await readAnyPicture(bytes);
  } catch (error) {
    if (!(error instanceof TrainyardError)) throw error;
    const isTooLarge = error.code === 'IMAGE_TOO_LARGE';
    if (!isTooLarge && error.code !== 'IMAGE_INVALID') throw error;
    const advice = isTooLarge ? 'Scale it down, or leave it out.' : 'Replace it, or leave it out.';
    const code = isTooLarge ? 'PICTURE_TOO_LARGE' : 'PICTURE_INVALID';
    const message = `${quoted(entry.path)}: ${error.message} ${advice}`;
    problems.push(problem(code, message, { value: shortened(entry.path) }));
    return null;
  }
}

function digestOf({ width, height, pixels }: Picture): string {
  return createHash('sha256').update(`${width}x${height} `).update(pixels).digest('base64');
}

function noPictures(others: readonly string[]): TableRefusal {
  const [other] = others;
  const found =
    other === undefined
      ? 'The archive is empty.'
      : `The archive has no pictures, but ${quoted(other)}${others.length > 1 ? ' and others' : ''}.`;
  const message = `${found} Send a ZIP or tar of PNG or JPEG files in a folder for each class; a table is uploaded as it is.`;
  return refusal('NO_PICTURES', message);
}

/** Pictures without a label are kept and left out: they belong to no split. */
function indexOf(
  kept: readonly KeptPicture[],
  labelled: readonly LabelledFile[] | null,
  otherFiles: readonly string[],
): PictureIndex {
  const { places, problems } = placesOf(
    kept.map(({ path }) => path),
    labelled,
  );
  if (problems.length > 0) throw new TableRefusal(problems);
  const labels = labelsOf(places);
  const classOf = new Map(labels.map((label, index) => [label, index]));
  const hasSplits = places.some(({ split }) => split !== null);
  const isLeftOut = places.some(({ label }) => label === null);
  const splitOf = ({ label, split }: Place): number =>
    rowSplits.indexOf(label === null ? 'left_out' : (split ?? 'train'));
  const classes = places.map(({ label }) => classOf.get(label ?? '') ?? 0);
  const warnings: TableWarning[] = warningsOfPictures({
    pictures: kept.map(({ path, digest }, row) => ({
      label: null,
      split: null,
      ...places[row],
      path,
      digest,
    })),
    otherFiles,
  });
  return {
    format_version: 1,
    labels,
    paths: kept.map(({ path }) => path),
    classes,
    splits: hasSplits || isLeftOut ? places.map(splitOf) : null,
    widths: kept.map(({ width }) => width),
    heights: kept.map(({ height }) => height),
    channels: kept.map(({ channels }) => channels),
    warnings,
  };
}

/** In the order of numbers where all are numbers, and of their characters otherwise. @throws TableRefusal NO_CLASSES, TOO_LARGE */
function labelsOf(places: readonly Place[]): string[] {
  const found = new Set(places.flatMap(({ label }) => (label === null ? [] : [label])));
  if (found.size < 2) {
    const [only] = found;
    const what =
      only === undefined ? 'No picture has a class' : `All pictures are of the class ${quoted(only)}`;
    const message = `${what}, and there must be at least two. Put the pictures of each class into a folder of its name.`;
    throw refusal('NO_CLASSES', message);
  }
  if (found.size > mostClasses) {
    const message = `There are ${found.size} classes, and at most ${mostClasses} are taken. A folder is a class: put the pictures of each class into one.`;
    throw refusal('TOO_LARGE', message);
  }
  const labels = [...found].sort((a, b) => (a < b ? -1 : 1));
  return labels.every((label) => /^\d{1,9}$/.test(label))
    ? labels.sort((a, b) => Number(a) - Number(b))
    : labels;
}
