/**
 * Fails unless each package-lock.json has the digest of every package and names no download host. With the digests, `npm ci`
 * refuses a package that was replaced; without hosts, everyone installs from their own registry. npm omits a digest
 * when it takes the package from a node_modules that was installed without digests.
 */
import { readFileSync } from 'node:fs';

const lockFiles = ['package-lock.json', 'tools/kernels/package-lock.json'];
const installed = lockFiles.flatMap((file) => {
  const { packages } = JSON.parse(readFileSync(new URL(`../${file}`, import.meta.url), 'utf8'));
  return Object.entries(packages).filter(([path]) => path !== '');
});

const problems = [
  ...installed
    .filter(([, { integrity = '' }]) => !integrity.startsWith('sha512-'))
    .map(([path]) => `${path} has no SHA-512 digest (integrity)`),
  ...installed
    .filter(([, { resolved }]) => resolved !== undefined)
    .map(([path]) => `${path} names a download host (resolved)`),
];
if (problems.length > 0) {
  for (const problem of problems.slice(0, 5)) console.error(`package-lock.json: ${problem}`);
  if (problems.length > 5) console.error(`package-lock.json: and ${problems.length - 5} more`);
  console.error('Restore package-lock.json, run npm ci, and repeat your npm install.');
  process.exitCode = 1;
}
