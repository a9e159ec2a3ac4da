/** Who answers in bench/predict.mjs: the API with its echoes, and FastAPI with the same weights. */
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const pathOf = (name) => fileURLToPath(new URL(name, import.meta.url));

/** `root` may be another checkout, built, whose service answers. */
export async function startApi(dataDir, { maxWaitingPredictions = 512, root } = {}) {
  const script =
    root === undefined ? pathOf('echo-service.mjs') : join(root, 'bench/predict/echo-service.mjs');
  return startChild(script, [dataDir, String(maxWaitingPredictions)]);
}

/** Starts a script that tells its address. */
export async function startChild(script, args = []) {
  const child = fork(script, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const [url] = await once(child, 'message');
  return {
    url,
    pid: child.pid,
    async residentBytes() {
      child.send('rss');
      const [bytes] = await once(child, 'message');
      return bytes;
    },
    stop: () => child.disconnect(),
  };
}

/** `engine` is torch or onnxruntime; `file` the model's safetensors file. */
export async function startFastApi(python, engine, file) {
  const port = await freePort();
  const child = spawn(python, [pathOf('fastapi_service.py'), engine, file, String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.once('exit', () => child.kill('SIGKILL'));
  await once(createInterface({ input: child.stdout }), 'line');
  return { url: `http://127.0.0.1:${port}`, stop: () => child.kill('SIGKILL') };
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
