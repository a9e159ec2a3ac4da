/** Under the form: how large the training is, the request for programs, and the buttons that begin it or a search. */
import { useState } from 'preact/hooks';
import { CodeBlock } from '../../parts/code-block.js';
import { Dialog } from '../../parts/dialog.js';
import { formatNumber } from '../../parts/format.js';
import { serviceUrl, type JobRequest } from '../../service/api.js';
import { SearchButton } from './search-button.js';
import type { Plan } from './training-request.js';

export function TrainBar({
  plan,
  request,
  isPlanning,
  isDisabled,
}: {
  plan: Plan | undefined;
  request: JobRequest;
  isPlanning: boolean;
  isDisabled: boolean;
}) {
  const [isShown, setIsShown] = useState(false);
  return (
    <div class="train-bar">
      <p class="small muted" aria-live="polite" aria-busy={isPlanning}>
        {plan
          ? `${formatNumber(plan.spec.network.inputs)} inputs, ${formatNumber(plan.parameters)} parameters, at most ${formatNumber(plan.steps)} steps`
          : isPlanning && 'The recipe is being worked out'}
      </p>
      <div class="actions">
        <button type="button" onClick={() => setIsShown(true)}>
          As a command
        </button>
        <SearchButton request={request} isDisabled={isDisabled} />
        <button type="submit" class="primary" disabled={isDisabled}>
          Train
        </button>
      </div>
      {isShown && (
        <Dialog title="The same job by curl" onClose={() => setIsShown(false)}>
          <CodeBlock label="Command" code={commandOf(request)} />
        </Dialog>
      )}
    </div>
  );
}

function commandOf(request: JobRequest): string {
  const body = JSON.stringify(request, null, 2).replaceAll("'", "'\\''");
  return `curl -s ${serviceUrl}/v1/jobs -H 'content-type: application/json' -d '${body}'`;
}
