/**
 * TensorFlow.js for Node.js, if one of its packages is installed. None is a dependency: each brings a library of half a
 * gigabyte and more, and most who train need neither.
 */
import { createRequire } from 'node:module';
import type * as tfjs from '@tensorflow/tfjs-core';

/** The API of tfjs-core, with a backend behind it. */
export type Tf = typeof tfjs;

export interface Tensorflow {
  tf: Tf;
  device: string;
  hasGpu: boolean;
}

const gpuPackage = '@tensorflow/tfjs-node-gpu';
/** With CUDA if there is a choice. */
const packages = [gpuPackage, '@tensorflow/tfjs-node'];

const { resolve } = createRequire(import.meta.url);

/** Whether one of the packages is there; not whether it can be loaded. */
export function isTensorflowInstalled(): boolean {
  return packages.some(isInstalled);
}

/** Whether the package that can use a GPU is there; not whether there is one. */
export function mayTensorflowHaveGpu(): boolean {
  return isInstalled(gpuPackage);
}

function isInstalled(name: string): boolean {
  try {
    return resolve(name) !== '';
  } catch {
    return false;
  }
}

/** What both packages have behind `tf.backend()`, which tfjs-core does not know of. */
interface NodeBackend {
  isUsingGpuDevice: boolean;
  binding: { TF_Version: string };
}

/**
 * Opens the first package that can be loaded by `load`.
 * @throws Error with the reason for each that cannot
 */
export async function openTensorflow(
  load: (name: string) => Promise<unknown> = (name) => import(name),
): Promise<Tensorflow> {
  const reasons: string[] = [];
  for (const name of packages) {
    try {
      const { default: tf } = (await load(name)) as { default: Tf };
      await tf.ready();
      // Without checks for numbers that are none, which are told of in another way.
      tf.enableProdMode();
      const backend = tf.backend() as unknown as NodeBackend;
      const version = `TensorFlow ${backend.binding.TF_Version} by ${name} ${tf.version_core}`;
      const hasGpu = backend.isUsingGpuDevice;
      return { tf, hasGpu, device: `${hasGpu ? 'GPU' : 'CPU'}, ${version}` };
    } catch (error) {
      reasons.push(reasonOf(name, error));
    }
  }
  throw new Error(reasons.join('; '));
}

function reasonOf(name: string, error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const isMissing = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
  // What a package is built upon may be missing too.
  if (isMissing && message.includes(`'${name}'`)) return `${name} is not installed`;
  return `${name} cannot be loaded: ${message.split('\n', 1)[0]}`;
}
