/** The entry of the thread that reads large pictures; started by reading-thread.ts and by nobody else. */
import { answerTasks } from '../lib/task-thread.js';
import { readImage, type ReadTask } from './read-image.js';

answerTasks((task) => ({ result: readImage(task as ReadTask), transfer: [] }));
