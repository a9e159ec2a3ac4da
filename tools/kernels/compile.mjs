/** Compiles a file in AssemblyScript: node compile.mjs SOURCE OUTPUT [OPTION …] */
import { exit, argv } from 'node:process';
import asc from 'assemblyscript/asc';

const [source, output, ...options] = argv.slice(2);
const { error, stderr } = await asc.main([
  source,
  ...['--outFile', output],
  ...['--runtime', 'stub', ...options],
  // Every supported Node.js has SIMD and threads. The arguments of a kernel are checked before the call.
  ...['--enable', 'simd', '--enable', 'threads'],
  ...['-O3', '--noAssert', '--uncheckedBehavior', 'always'],
]);
if (error) {
  console.error(`${error.message}\n${stderr.toString()}`);
  exit(1);
}
