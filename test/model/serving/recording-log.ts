/** A log that keeps its lines. */
import { pino, type Logger } from 'pino';

export interface LogLine {
  level: number;
  msg: string;
  model?: string;
  version?: number;
}

export function createRecordingLog(): { log: Logger; warnings: LogLine[] } {
  const warnings: LogLine[] = [];
  const write = (line: string): void => {
    const parsed = JSON.parse(line) as LogLine;
    if (parsed.level >= pino.levels.values.warn) warnings.push(parsed);
  };
  return { log: pino({}, { write }), warnings };
}
