/**
 * What each choice of the recipe brings: by the choice that is left out, the fields of a request, from the spec of auto; and what
 * an ensemble adds to it.
 */

const hiddenOf = ({ network }, change) => ({
  network: { hidden: network.hidden.map((layer) => ({ ...layer, ...change })) },
});

export const ablations = {
  'no bins': () => ({ encoding: 'robust' }),
  '16 bins': () => ({ encoding: 'piecewise', bins: 16 }),
  'standard encoding': () => ({ encoding: 'standard' }),
  'no dropout': (spec) => hiddenOf(spec, { dropout: 0 }),
  'no schedule': ({ optimizer: { type } }) => ({
    optimizer: { type, schedule: { type: 'constant' } },
  }),
  'no weight decay': ({ optimizer: { type } }) => ({ optimizer: { type, weight_decay: 0 } }),
  // The average of the parameters with a decay of 0 is the parameters.
  'no average': ({ optimizer: { type } }) => ({ optimizer: { type, ema: 0 } }),
  'last epoch': () => ({ patience: null, publish: 'final' }),
  'two layers': ({ network }) => ({ network: { hidden: network.hidden.slice(1) } }),
  'half the units': (spec) => hiddenOf(spec, { units: Math.ceil(spec.network.hidden[0].units / 2) }),
  'twice the units': (spec) => hiddenOf(spec, { units: 2 * spec.network.hidden[0].units }),
  'batch of 256': () => ({ batch_size: 256 }),
  'ensemble of 5': () => ({ ensemble: 5 }),
};
