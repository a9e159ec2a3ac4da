/** Completions for shells, made from the commands themselves, so that they always fit. */
import type { Command } from 'commander';

export const shells = ['bash', 'zsh', 'fish'] as const;

export type Shell = (typeof shells)[number];

interface Offer {
  word: string;
  description: string;
}

/** What may follow, by the commands before: `''`, `jobs`, `jobs watch`. */
type OffersByPath = [path: string, offers: Offer[]][];

export function completionOf(shell: Shell, program: Command): string {
  const offers = offersByPath(program, '', program.options.map(offerOf));
  return { bash, zsh, fish }[shell](offers);
}

function offerOf({ long, description }: { long?: string | undefined; description: string }): Offer {
  return { word: long ?? '', description };
}

function offersByPath(command: Command, path: string, globals: readonly Offer[]): OffersByPath {
  const own = path === '' ? [] : command.options.map(offerOf);
  const choices = command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices);
  const inner = command.commands.map((each) => ({ word: each.name(), description: each.description() }));
  const offers = [
    ...inner,
    ...choices.map((word) => ({ word, description: '' })),
    ...own,
    ...globals,
    { word: '--help', description: 'help' },
  ];
  return [
    [path, offers],
    ...command.commands.flatMap((each) => offersByPath(each, `${path} ${each.name()}`.trim(), globals)),
  ];
}

/** The names of all commands, which tell them from other words on the line. */
function namesOf(offers: OffersByPath): string[] {
  return [...new Set(offers.flatMap(([path]) => path.split(' ')))].filter((name) => name !== '');
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

function bash(offers: OffersByPath): string {
  const cases = offers.map(
    ([path, each]) => `    '${path}') words='${each.map(({ word }) => word).join(' ')}' ;;`,
  );
  return `_trainyard() {
  local current=\${COMP_WORDS[COMP_CWORD]} path= word words=
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in ${namesOf(offers).join('|')}) path="\${path:+$path }$word" ;; esac
  done
  case "$path" in
${cases.join('\n')}
  esac
  # shellcheck disable=SC2207
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _trainyard trainyard
`;
}

function zsh(offers: OffersByPath): string {
  const choice = ({ word, description }: Offer): string => quoted(`${word}:${description}`);
  const cases = offers.map(([path, each]) => `    '${path}') offers=(${each.map(choice).join(' ')}) ;;`);
  return `#compdef trainyard
_trainyard() {
  local -a before offers
  local word
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$word" in ${namesOf(offers).join('|')}) before+=("$word") ;; esac
  done
  case "\${before[*]}" in
${cases.join('\n')}
  esac
  _describe -t commands trainyard offers
  _files
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
compdef _trainyard trainyard
`;
}

function fish(offers: OffersByPath): string {
  const text = (each: string): string => `'${each.replace(/['\\]/g, '\\$&')}'`;
  const lines = offers.flatMap(([path, each]) =>
    each.map(({ word, description }) => {
      const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-f -a ${word}`;
      return `complete -c trainyard -n "__trainyard_after '${path}'" ${what} -d ${text(description)}`;
    }),
  );
  return `function __trainyard_after
  set -l before
  for word in (commandline -opc)[2..-1]
    contains -- $word ${namesOf(offers).join(' ')}; and set -a before $word
  end
  test "$before" = "$argv[1]"
end
${lines.join('\n')}
`;
}
