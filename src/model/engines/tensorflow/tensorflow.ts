/**
 * TensorFlow.js for Node.js, if one of its packages is installed. Neither is a dependency: each brings a library of half a
 * gigabyte or more, which most installations do not need.
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
/** The one with CUDA first. */
const packages = [gpuPackage, '@tensorflow/tfjs-node'];

const { resolve } = createRequire(import.meta.url);

/** Whether one of the packages is installed; not whether it can be loaded. */
export function isTensorflowInstalled(): boolean {
  return packages.some(isInstalled);
}

export function whyTensorflowIsNotInstalled(): string | null {
  return isTensorflowInstalled() ? null : `neither ${packages.join(' nor ')} is installed`;
}

/** Whether the package that can use a GPU is installed; not whether there is a GPU. */
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

/** What both packages have behind `tf.backend()`; tfjs-core does not declare it. */
interface NodeBackend {
  isUsingGpuDevice: boolean;
  binding: { TF_Version: string };
}

/**
 * Opens the first package that can be loaded by `load`.
 * @throws Error with the reason for each package
 */
export async function openTensorflow(
  load: (name: string) => Promise<unknown> = (name) => import(name),
): Promise<Tensorflow> {
  const reasons: string[] = [];
  for (const name of packages) {
    try {
      const { default: tf } = (await load(name)) as { default: Tf };
      await tf.ready();
      // No checks for NaN after every kernel: a loss that is not a number is reported anyway.
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
  // A dependency of the package may be missing too.
  if (isMissing && message.includes(`'${name}'`)) return `${name} is not installed`;
  return `${name} cannot be loaded: ${message.split('\n', 1)[0]}`;
}
