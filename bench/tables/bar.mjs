/**
 * The tables, and what others got on the same folds: means over five test folds. scikit-learn's models were fitted on training
 * and validation rows; LightGBM and the networks chose their round or epoch on the validation rows. plain: a network in PyTorch
 * (z-score, one-hot, 256-256 ReLU, Adam 1e-3); PLE: one with robust scaling, piecewise-linear encoding, 256-256-256, dropout
 * 0.15, AdamW.
 */
export const barNames = ['linear', 'sklearn MLP', 'plain', 'PLE', 'HistGradientBoosting', 'LightGBM'];

export const tables = {
  penguins: { target: 'species', bar: { accuracy: [0.991, 0.994, 0.997, 0.991, 0.986, 0.986] } },
  titanic: {
    target: 'survived',
    bar: {
      accuracy: [0.786, 0.788, 0.79, 0.785, 0.788, 0.784],
      auc: [0.832, 0.844, 0.842, 0.843, 0.831, 0.841],
    },
  },
  credit: {
    target: 'Status',
    bar: {
      accuracy: [0.797, 0.784, 0.799, 0.796, 0.783, 0.793],
      auc: [0.83, 0.82, 0.843, 0.842, 0.827, 0.838],
    },
  },
  telco_churn: {
    target: 'churn',
    bar: {
      accuracy: [0.804, 0.789, 0.803, 0.804, 0.796, 0.798],
      auc: [0.845, 0.824, 0.843, 0.849, 0.834, 0.842],
    },
  },
  concrete: { target: 'compressive_strength', bar: { r2: [0.605, 0.876, 0.901, 0.926, 0.926, 0.915] } },
  ames: { target: 'Sale_Price', bar: { r2: [0.843, 0.827, 0.863, 0.906, 0.91, 0.899] } },
  attrition: { target: 'Attrition', bar: {} },
  diamonds: { target: 'price', bar: {} },
};

/** How far below the better of the two networks of the bar a figure may be. */
export const slackOf = (figure) => (figure === 'r2' ? 0.01 : 0.005);
