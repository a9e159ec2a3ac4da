#!/usr/bin/env node
/** Entry of the command `trainyard`. */
import { CommanderError } from 'commander';
import { describeFailure, exitCodeOf, failureDocument, Interrupted } from './failures.js';
import { buildProgram } from './program.js';

// The program that reads the output, such as `head`, has ended.
process.stdout.on('error', () => process.exit());

const program = buildProgram();
try {
  await program.parseAsync();
} catch (error) {
  // commander has said what is wrong.
  const isSaid = error instanceof CommanderError || error instanceof Interrupted;
  const isJson = process.argv.includes('--json');
  if (!isSaid) console.error(isJson ? JSON.stringify(failureDocument(error)) : describeFailure(error));
  process.exitCode = exitCodeOf(error);
}
