/** What a job gets where its request says nothing and no preset chooses. */
export const defaults = {
  model: 'mnist-mlp',
  dataset: 'mnist',
  preset: { arrays: 'plain', tables: 'auto', pictures: 'auto' },
  activation: 'relu',
  dropout: 0,
  loss: { classes: 'cross_entropy', values: 'mse' },
  /** The best epoch is found by the validation split; without one no rows are set apart. */
  validation: { best: 0.1, otherwise: 0 },
  ensemble: 1,
  monitor: 'loss',
  min_epochs: 1,
  publish_if: 'better_than_baseline',
  seed: 0,
  engine: 'auto',
  checkpoint: { every_seconds: 10, keep: 2 },
  priority: 0,
} as const;
