/** The networks in the checkpoints of a job, each fetched once. */
import { api } from '../service/api.js';
import { readNetworkModel, type NetworkModel } from './network-model.js';

/** The network after so many steps. A checkpoint never changes, so the answer is kept. */
export class JobNetworks {
  readonly #jobId: string;
  readonly #known = new Map<number, Promise<NetworkModel>>();

  constructor(jobId: string) {
    this.#jobId = jobId;
  }

  /** @throws ApiError CHECKPOINT_NOT_FOUND when the job has removed it meanwhile */
  at(step: number): Promise<NetworkModel> {
    const known = this.#known.get(step);
    if (known) return known;
    const wanted = this.#fetch(step);
    this.#known.set(step, wanted);
    wanted.catch(() => this.#known.delete(step));
    return wanted;
  }

  async #fetch(step: number): Promise<NetworkModel> {
    const path = `/v1/jobs/${encodeURIComponent(this.#jobId)}/checkpoints/${step}/model.safetensors`;
    return readNetworkModel(await (await api.fetch(path)).arrayBuffer());
  }
}

/** @throws ApiError */
export async function versionNetwork(model: string, version: number): Promise<NetworkModel> {
  const path = `/v1/models/${encodeURIComponent(model)}/versions/${version}/model.safetensors`;
  return readNetworkModel(await (await api.fetch(path)).arrayBuffer());
}
