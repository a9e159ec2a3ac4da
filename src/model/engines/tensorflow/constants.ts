/** Numbers that are on the device once, however often they are used. */
import type { Scalar } from '@tensorflow/tfjs-core';
import type { Tf } from './tensorflow.js';

export interface Constants {
  of: (value: number) => Scalar;
  dispose: () => void;
}

export function createConstants(tf: Tf): Constants {
  const scalars = new Map<number, Scalar>();
  return {
    of(value) {
      let scalar = scalars.get(value);
      if (scalar === undefined) {
        // Out of the reach of whichever tidy it is made in.
        scalar = tf.keep(tf.scalar(value));
        scalars.set(value, scalar);
      }
      return scalar;
    },
    dispose() {
      tf.dispose([...scalars.values()]);
      scalars.clear();
    },
  };
}
