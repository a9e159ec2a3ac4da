/** Small commands: the pages in a browser, types of a model, completions of a shell. */
import { spawn } from 'node:child_process';
import { Argument, type Command } from 'commander';
import { completionOf, shells, type Shell } from '../completion.js';
import { modelTypes } from '../model-types.js';
import { outputOf, withSession } from '../session.js';

export function addToolCommands(program: Command): void {
  program
    .command('open')
    .description('show the pages of the service in a browser')
    .action((_options: object, command: Command) =>
      withSession(command, {}, async ({ client, output, url, signal }) => {
        await client.fetch('/health/live', { signal });
        output.answer({ url: `${url}/` }, () => `${url}/`);
        if (process.stdout.isTTY) openInBrowser(`${url}/`);
      }),
    );

  program
    .command('types')
    .description('print TypeScript types for the rows that a model takes and for its answers')
    .argument('<model>')
    .action((name: string, _options: object, command: Command) =>
      withSession(command, {}, async ({ client, output, signal }) => {
        const document = await client.get('/v1/models/{name}/openapi.json', {
          params: { path: { name } },
          signal,
        });
        const types = modelTypes(document);
        output.answer({ types }, () => types.trimEnd());
      }),
    );

  program
    .command('completion')
    .description('print completions for a shell')
    .addArgument(new Argument('<shell>').choices(shells))
    .addHelpText(
      'after',
      `
  bash:  eval "$(trainyard completion bash)"                                    in ~/.bashrc
  zsh:   eval "$(trainyard completion zsh)"                                     in ~/.zshrc
  fish:  trainyard completion fish > ~/.config/fish/completions/trainyard.fish`,
    )
    .action((shell: Shell, _options: object, command: Command) => {
      const script = completionOf(shell, program);
      outputOf(command).answer({ script }, () => script.trimEnd());
    });
}

/** The address was printed, so it does not matter if there is no browser. */
function openInBrowser(url: string): void {
  const [program, args]: [string, string[]] =
    process.platform === 'darwin'
      ? ['open', [url]]
      : process.platform === 'win32'
        ? ['cmd', ['/c', 'start', '', url]]
        : ['xdg-open', [url]];
  const child = spawn(program, args, { stdio: 'ignore', detached: true });
  child.on('error', () => undefined);
  child.unref();
}
