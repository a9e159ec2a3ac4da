/**
 * Installs the package `webgpu` for the tests of its engine into the folder .webgpu, apart from the project's own packages: it
 * takes 130 MB, which no newcomer needs. Does nothing where it is there.
 *
 *   node scripts/install-webgpu.mjs
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../.webgpu', import.meta.url));
const { peerDependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

if (!existsSync(join(folder, 'node_modules/webgpu/index.js'))) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--no-save', `webgpu@${peerDependencies.webgpu}`], {
    cwd: folder,
    stdio: 'inherit',
  });
}
