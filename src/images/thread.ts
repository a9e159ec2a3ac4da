/** Entry point of the thread that reads large pictures. Only image-reader.ts starts it. */
import { answerTasks } from '../lib/task-thread.js';
import { readImage, type ReadTask } from './read-image.js';

answerTasks((task) => ({ result: readImage(task as ReadTask), transfer: [] }));
