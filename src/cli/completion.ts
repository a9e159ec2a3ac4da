/** Completions for shells, made from the commands themselves, so that they always fit. */
import type { Command } from 'commander';

export const shells = ['bash', 'zsh', 'fish'];

/** Words that may follow, by the commands before: `''`, `jobs`, `jobs watch`. */
type WordsByPath = [path: string, words: { word: string; description: string }[]][];

/** null: there are none for this shell. */
export function completionOf(shell: string, program: Command): string | null {
  const words = wordsByPath(program, '', globalOptions(program));
  switch (shell) {
    case 'bash':
      return bash(words);
    case 'zsh':
      // zsh reads the completions of bash.
      return `autoload -Uz compinit bashcompinit\ncompinit\nbashcompinit\n${bash(words)}`;
    case 'fish':
      return fish(words);
    default:
      return null;
  }
}

function globalOptions(program: Command): WordsByPath[number][1] {
  return program.options.map(({ long, description }) => ({ word: long ?? '', description }));
}

function wordsByPath(command: Command, path: string, globals: WordsByPath[number][1]): WordsByPath {
  const own =
    path === '' ? [] : command.options.map(({ long, description }) => ({ word: long ?? '', description }));
  const inner = command.commands.map((each) => ({ word: each.name(), description: each.description() }));
  const here: WordsByPath[number] = [
    path,
    [...inner, ...own, ...globals, { word: '--help', description: 'help' }],
  ];
  return [
    here,
    ...command.commands.flatMap((each) => wordsByPath(each, `${path} ${each.name()}`.trim(), globals)),
  ];
}

function bash(words: WordsByPath): string {
  const cases = words.map(
    ([path, each]) => `    '${path}') words='${each.map(({ word }) => word).join(' ')}' ;;`,
  );
  return `_trainyard() {
  local current=\${COMP_WORDS[COMP_CWORD]} path= word words=
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case " ${words.map(([path]) => path.split(' ').at(-1)).join(' ')} " in *" $word "*) path="\${path:+$path }$word" ;; esac
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

function fish(words: WordsByPath): string {
  const quoted = (text: string): string => `'${text.replace(/['\\]/g, '\\$&')}'`;
  const lines = words.flatMap(([path, each]) =>
    each.map(({ word, description }) => {
      const condition = path === '' ? '__fish_use_subcommand' : `__trainyard_is ${quoted(path)}`;
      const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-f -a ${word}`;
      return `complete -c trainyard -n "${condition}" ${what} -d ${quoted(description)}`;
    }),
  );
  return `function __trainyard_is
  set -l words (string match -v -- '-*' (commandline -opc)[2..-1])
  string match -q -- "$argv[1]*" "$words"
end
${lines.join('\n')}
`;
}
