/**
 * The changed training pictures of one epoch after the other, made in a thread of their own while the engine computes: when
 * an epoch begins, the pictures of the next one are begun. Two copies of the pictures are in memory, the thread's and the
 * changed ones.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { AugmentationPlan } from './change-samples.js';
import type { EpochRequest, ThreadStart } from './thread.js';

/** Copies of the training pictures that augmentation takes, beside the data and what the engine keeps. */
export const copiesOfPictures = 2;

// Tests run from src/ and the service from dist/. Both are at the same depth below the root.
const entry = new URL('../../../dist/model/augmentation/thread.js', import.meta.url);

export class AugmentedInputs {
  readonly #thread: Worker;
  readonly #epochs: number;
  /** null while the thread has it. */
  #out: Uint8Array<ArrayBuffer> | null;
  /** The epoch that the thread works on, and its answer. */
  #underWay: { epoch: number; answer: Promise<EpochRequest> } | null = null;
  /** The one that the engine trains on; null: none yet. */
  #current: number | null = null;

  /**
   * @param inputs (count, channels · height · width) the pictures as they are; they are copied
   * @param epochs of the whole run
   * @param first the epoch that comes first, from 0; its pictures are begun at once
   */
  constructor(plan: AugmentationPlan, inputs: Uint8Array, epochs: number, first: number) {
    const start: ThreadStart = { plan, inputs: Uint8Array.from(inputs) };
    this.#thread = new Worker(entry, {
      execArgv: [],
      workerData: start,
      transferList: [start.inputs.buffer as ArrayBuffer],
    });
    this.#thread.unref();
    this.#epochs = epochs;
    this.#out = new Uint8Array(inputs.length);
    this.#begin(first);
  }

  /** Call it before the steps of an epoch, from 0: `replace` gets its pictures, unless it has got them already. */
  async beforeEpoch(epoch: number, replace: (inputs: Uint8Array) => Promise<void>): Promise<void> {
    if (epoch === this.#current) return;
    if (this.#underWay?.epoch !== epoch) {
      // No run goes back or skips an epoch, and still the right pictures come.
      if (this.#underWay !== null) await this.#takeBack();
      this.#begin(epoch);
    }
    await replace(await this.#takeBack());
    this.#current = epoch;
    this.#begin(epoch + 1);
  }

  async dispose(): Promise<void> {
    await this.#thread.terminate();
  }

  #begin(epoch: number): void {
    const out = this.#out;
    if (out === null || epoch >= this.#epochs) return;
    // A thread that fails rejects what waits for it.
    const answer = once(this.#thread, 'message').then(([message]) => message as EpochRequest);
    answer.catch(() => undefined);
    this.#thread.postMessage({ epoch, out } satisfies EpochRequest, [out.buffer]);
    this.#out = null;
    this.#underWay = { epoch, answer };
  }

  async #takeBack(): Promise<Uint8Array> {
    if (this.#underWay === null) throw new Error('No pictures are under way');
    const { out } = await this.#underWay.answer;
    this.#underWay = null;
    this.#out = out;
    return out;
  }
}
