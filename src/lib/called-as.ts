/** How a person started this process, for messages that say what to type. The command `trainyard` leaves its name as argv[0]. */

export const commandName = 'trainyard';

/** @param script the npm script that starts the same entry as `trainyard command` */
export function calledAs(command: string, script: string): string {
  return process.argv0 === commandName ? `${commandName} ${command}` : `npm run -s ${script} --`;
}
