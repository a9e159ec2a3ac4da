/** The class and the split of each picture of an archive, by its folders or by the files labels.csv in it. */
import { splitNamed } from '../splits.js';
import { quoted } from '../formats/archive.js';
import { problem, shortened } from '../formats/rows.js';
import { mostProblems, type TableProblem } from '../table-schema.js';
import type { GivenSplit, LabelledFile } from './labels-file.js';

export interface Place {
  /** null: nothing says what the picture shows, and it is left out. */
  label: string | null;
  /** null: the archive has no splits. */
  split: GivenSplit | null;
}

/**
 * Folders: the first is the class. Where all first folders name splits (train, validation, test), the second is. Folders that
 * hold everything do not count, nor do those inside of a class.
 * @param labels of the files labels.csv; null: there is none
 * @returns the place of each path, or what is wrong with the archive
 */
export function placesOf(
  paths: readonly string[],
  labels: readonly LabelledFile[] | null,
): { places: Place[]; problems: TableProblem[] } {
  const folders = paths.map((path) => path.split('/').slice(0, -1));
  const least = labels === null ? 1 : 0;
  const inner = withoutCommonFolders(folders, least);
  const hasSplits = areSplits(inner, least + 1);
  const splitOf = ([first = '']: readonly string[]): GivenSplit | null =>
    hasSplits ? splitNamed(first) : null;
  if (labels !== null) return labelled(paths, labels, (index) => splitOf(inner[index] ?? []));
  const problems: TableProblem[] = [];
  const places = inner.map((each, index): Place => {
    const label = each[hasSplits ? 1 : 0] ?? null;
    if (label === null && problems.length < mostProblems) {
      const path = paths[index] ?? '';
      const message =
        `${quoted(path)} is in no folder of a class. Put each picture into a folder with the name of its class, such as ` +
        'cat/1.jpg or train/cat/1.jpg, or add a labels.csv with the columns file and label.';
      problems.push(problem('NO_CLASSES', message, { value: shortened(path) }));
    }
    return { label, split: splitOf(each) };
  });
  return { places, problems };
}

/** Without the leading folders that are those of all, as long as `least` folders are left. */
function withoutCommonFolders(folders: readonly string[][], least: number): string[][] {
  let depth = 0;
  const [first] = folders;
  while (
    first !== undefined &&
    folders.every((each) => each.length > depth + least && each[depth] === first[depth])
  ) {
    depth++;
  }
  return folders.map((each) => each.slice(depth));
}

/** A class may be called train: unless all are splits, none is. */
function areSplits(folders: readonly string[][], least: number): boolean {
  const names = new Set(folders.map(([first = '']) => first));
  const splits = [...names].map(splitNamed);
  return (
    splits.every((split) => split !== null) &&
    splits.includes('train') &&
    folders.every((each) => each.length >= least || each.length === 1)
  );
}

function labelled(
  paths: readonly string[],
  labels: readonly LabelledFile[],
  folderSplit: (index: number) => GivenSplit | null,
): { places: Place[]; problems: TableProblem[] } {
  const rows = new Map(paths.map((path, index) => [path, index]));
  // Many lists leave the ending out.
  const rowsWithoutEnding = new Map(paths.map((path, index) => [path.replace(/\.\w+$/, ''), index]));
  const places = paths.map((_, index): Place => ({ label: null, split: folderSplit(index) }));
  const problems: TableProblem[] = [];
  const refuse = (message: string, { line, path }: LabelledFile): void => {
    if (problems.length < mostProblems) {
      problems.push(problem('LABELS', message, { line, value: shortened(path) }));
    }
  };
  for (const row of labels) {
    const index = rows.get(row.path) ?? rowsWithoutEnding.get(row.path);
    const place = index === undefined ? undefined : places[index];
    if (place === undefined) {
      refuse(
        `labels.csv names ${quoted(row.path)}, and the archive has no such picture. Add it, or remove the row.`,
        row,
      );
    } else if (place.label !== null && place.label !== row.label) {
      refuse(
        `labels.csv gives ${quoted(row.path)} two labels: ${quoted(place.label)} and ${quoted(row.label)}. Keep one.`,
        row,
      );
    } else {
      place.label = row.label;
      if (row.split !== null) place.split = row.split;
    }
  }
  return { places, problems };
}
