/** Preloaded into a process, it writes down at its end which modules of packages it has loaded, one a line. */
import { appendFileSync } from 'node:fs';
import Module from 'node:module';

process.once('exit', () => {
  const files = Object.keys(Module._cache).filter((file) => file.includes('node_modules'));
  appendFileSync(process.env.LOADED_MODULES, `${files.join('\n')}\n`);
});
