/** What to look at before training on pictures: files that are left out, small classes, and pictures that are there twice. */
import { quoted } from '../formats/archive.js';
import type { TableWarning } from '../table-schema.js';
import type { Place } from './layout.js';

export interface WarnedPictures {
  pictures: (Place & { path: string; digest: string })[];
  /** That are no pictures. */
  otherFiles: readonly string[];
}

/** Fewer say little of a class. */
const fewestOfClass = 10;
const imbalanced = 10;
/** Of rare classes. */
const mostTold = 10;

export function warningsOfPictures({ pictures, otherFiles }: WarnedPictures): TableWarning[] {
  const labelled = pictures.filter(({ label }) => label !== null);
  return [
    ...leftOut(otherFiles, 'are no pictures'),
    ...leftOut(
      pictures.filter(({ label }) => label === null).map(({ path }) => path),
      'have no row in labels.csv',
    ),
    ...smallClasses(labelled),
    ...twice(labelled),
  ];
}

function leftOut(paths: readonly string[], why: string): TableWarning[] {
  const [first] = paths;
  if (first === undefined) return [];
  const message = `${paths.length} files are left out because they ${why}, first ${quoted(first)}.`;
  return [{ code: 'FILES_LEFT_OUT', column: null, message, count: paths.length }];
}

function smallClasses(pictures: WarnedPictures['pictures']): TableWarning[] {
  const counts = new Map<string, number>();
  for (const { label } of pictures) counts.set(label ?? '', (counts.get(label ?? '') ?? 0) + 1);
  const sorted = [...counts].sort((a, b) => a[1] - b[1]);
  const rare = sorted.filter(([, count]) => count < fewestOfClass);
  const warnings = rare.slice(0, mostTold).map(([label, count]): TableWarning => {
    const message = `The class ${quoted(label)} has only ${count} pictures. Add some, or leave it out: little can be learned from so few.`;
    return { code: 'RARE_CLASS', column: null, message, count };
  });
  const [least, most] = [sorted[0], sorted.at(-1)];
  if (least !== undefined && most !== undefined && most[1] >= imbalanced * least[1]) {
    const message = `The class ${quoted(most[0])} has ${most[1]} pictures, and ${quoted(least[0])} has ${least[1]}. A model that always answers ${quoted(most[0])} looks good: look at each class.`;
    warnings.push({ code: 'IMBALANCE', column: null, message });
  }
  return warnings;
}

/** The same picture in two splits makes a test easier than it is, and in two classes it teaches nothing. */
function twice(pictures: WarnedPictures['pictures']): TableWarning[] {
  const first = new Map<string, WarnedPictures['pictures'][number]>();
  let [copies, apart] = [0, 0];
  let example: string | null = null;
  for (const picture of pictures) {
    const earlier = first.get(picture.digest);
    if (earlier === undefined) first.set(picture.digest, picture);
    else {
      copies++;
      if (earlier.label !== picture.label || earlier.split !== picture.split) apart++;
      example ??= `${quoted(earlier.path)} and ${quoted(picture.path)}`;
    }
  }
  if (example === null) return [];
  const far = apart > 0 ? ` ${apart} of them are in other classes or other splits than their copies.` : '';
  const message = `${copies} pictures are copies of others, first ${example}.${far} Leave the copies out: they make figures look better than they are.`;
  return [{ code: 'DUPLICATE_PICTURES', column: null, message, count: copies }];
}
