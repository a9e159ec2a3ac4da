/** Bull Board's view of the queues. It only looks: what becomes of a run is the run store's to say, and so the API's. */
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import type { IServerAdapter } from '@bull-board/api/typings/app';
import type { Queue } from 'bullmq';

export type BoardPage = IServerAdapter;

export function showOnBoard(queues: Queue[], page: BoardPage): void {
  createBullBoard({
    queues: queues.map((queue) => new BullMQAdapter(queue, { readOnlyMode: true })),
    serverAdapter: page,
    options: {
      uiConfig: {
        boardTitle: 'Trainyard',
        // The embedded queue, which is one session, would seem to have one worker at most.
        showWorkers: false,
      },
    },
  });
}
