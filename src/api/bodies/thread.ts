/** The entry of the thread that parses large JSON. Only large-json.ts starts it. */
import { answerTasks } from '../../lib/task-thread.js';
import { parsePacked } from './packing-parser.js';

answerTasks((text) => {
  const result = parsePacked(text as Uint8Array);
  return { result, transfer: [result.numbers.buffer as ArrayBuffer] };
});
