/** What training makes small. The loss of a batch is the mean over its samples. */

/**
 * cross_entropy: −log softmax(logits)[label], as `torch.nn.CrossEntropyLoss`.
 * mse: the mean over the outputs of (output − one-hot(label))², as `torch.nn.MSELoss` on one-hot targets.
 */
export const losses = ['cross_entropy', 'mse'] as const;

export type Loss = (typeof losses)[number];
