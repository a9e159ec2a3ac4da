/** The optimisers' settings. What they compute is each engine's to implement. */

/**
 * Adam: D. P. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization", 2015, algorithm 1, with the weight decay of
 * `torch.optim.Adam` (added to the gradient). A document.
 */
export interface AdamSpec {
  type: 'adam';
  learning_rate: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  weight_decay: number;
}
