/** Prints the score of every scenario. */
import type { Reporter, TestModule } from 'vitest/node';
import { chaosSeed } from './moments.js';
import type { Score } from './scenario.js';

const headings = ['queue', 'fault', 'tried', 'survived', 'bits equal', ''];

export default class TableReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const scores = modules.flatMap(({ children }) =>
      [...children.allTests()].flatMap((test) => test.meta().chaos ?? []),
    );
    console.log(`\nCHAOS_SEED=${chaosSeed}\n\n${tableOf([headings, ...scores.map(rowOf)])}\n`);
  }
}

function rowOf({ queue, fault, tried, survived, runs, equal, remark }: Score): string[] {
  return [queue, fault, String(tried), String(survived), runs === 0 ? '–' : `${equal} of ${runs}`, remark];
}

function tableOf(rows: string[][]): string {
  const widths = headings.map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
