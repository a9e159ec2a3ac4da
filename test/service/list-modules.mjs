/** Preloaded into a process. When the process ends, it writes the modules of packages that were loaded, one a line. */
import { appendFileSync } from 'node:fs';
import Module from 'node:module';

process.once('exit', () => {
  const files = Object.keys(Module._cache).filter((file) => file.includes('node_modules'));
  appendFileSync(process.env.LOADED_MODULES, `${files.join('\n')}\n`);
});
