/** What one can do with a service that has nothing yet. */
import { useState } from 'preact/hooks';
import { ErrorNotice } from '../../parts/notice.js';
import { api } from '../../service/api.js';
import { goTo, linkTo } from '../../shell/router.js';

export function WaysToBegin() {
  const [isBusy, setIsBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const trainMnist = async (): Promise<void> => {
    setIsBusy(true);
    try {
      const job = await api.post('/v1/jobs', { body: {} });
      goTo(['jobs', job.id]);
    } catch (reason) {
      setError(reason);
      setIsBusy(false);
    }
  };
  return (
    <>
      {error !== undefined && <ErrorNotice error={error} />}
      <ul class="grid plain-list ways">
        <li class="card">
          <h2>Train on your own table</h2>
          <p>
            A CSV, TSV, JSON Lines or Parquet file with one row a case. The service finds the types of the
            columns.
          </p>
          <a class="button primary" href={linkTo(['data'])}>
            Add data
          </a>
        </li>
        <li class="card">
          <h2>Watch the classic example</h2>
          <p>
            MNIST: 60,000 handwritten digits, a network with one hidden layer, five epochs. It takes some
            seconds.
          </p>
          <button type="button" disabled={isBusy} onClick={() => void trainMnist()}>
            Train on MNIST
          </button>
        </li>
        <li class="card">
          <h2>Draw a digit</h2>
          <p>Draw with the mouse or a finger, and see what a network reads and how it sees it.</p>
          <a class="button" href={linkTo(['draw'])}>
            Draw
          </a>
        </li>
        <li class="card">
          <h2>Play</h2>
          <p>
            Moons, circles and a spiral in two dimensions, and the border between the classes while it is
            learnt.
          </p>
          <a class="button" href={linkTo(['playground'])}>
            To the playground
          </a>
        </li>
      </ul>
    </>
  );
}
