/** The entry of the thread that parses large JSON; started by large-json.ts and by nobody else. */
import { answerTasks } from '../../lib/task-thread.js';
import { parsePacked } from './packing-parser.js';

answerTasks((text) => {
  const result = parsePacked(text as Uint8Array);
  return { result, transfer: [result.numbers.buffer as ArrayBuffer] };
});
