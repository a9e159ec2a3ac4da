/** A run that trains a published version again: what its spec says of the version, and what came out. Documents. */
/** The version that a run trains again. The run publishes nothing. */
export interface ReproducedPin {
  model: string;
  version: number;
  /** Of its file. */
  sha256: string;
  /** The job that trained it. */
  job_id: string;
  /** After which of its steps it was published. */
  step: number;
  /** What it was trained on; null: its events do not say. */
  device: string | null;
}

export interface Reproduction extends Pick<ReproducedPin, 'model' | 'version'> {
  /** Whether the file that the run would have published has the bits of the version's. */
  equal: boolean;
  /** Of that file. */
  sha256: string;
  expected_sha256: string;
  /** Where they differ: the largest difference of two parameters; null: they do not compare. 0: what differs is beside them. */
  largest_difference?: number | null;
}
