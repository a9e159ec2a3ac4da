/**
 * Reads Vitest's JSON report and closes with 'N passed, N failed'. A file that broke before its first test counts as a
 * failure, and so does a test that was skipped because a server is missing, or a run without any test.
 */
import { readFileSync } from 'node:fs';

const files = readReport(process.argv[2]);
const tests = files.flatMap((file) => file.assertionResults);
const passed = tests.filter((test) => test.status === 'passed');
const skipped = tests.filter((test) => test.status !== 'passed' && test.status !== 'failed');
const mustRun = skipped.filter((test) => test.fullName.includes('(skipped: '));
const broken = files.filter(
  (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
);

for (const test of mustRun) console.log(`must run here: ${test.fullName}`);
for (const file of broken) console.log(`did not run: ${file.name}\n${file.message}`);
const others = skipped.length - mustRun.length;
if (others > 0) console.log(`${others} more skipped`);

const failed = tests.length - passed.length - others + broken.length;
console.log(`${passed.length} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed.length > 0 ? 0 : 1;

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).testResults;
  } catch (error) {
    console.log(`The tests left no report: ${error.message}`);
    return [];
  }
}
