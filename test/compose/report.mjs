/** Prints a line for each check, and counts how many held. */
let passed = 0;
let failed = 0;

/** Runs a check. A failure is printed and counted, and the next check runs. @returns the result of the check */
export async function check(name, body) {
  try {
    const note = await body();
    passed += 1;
    console.log(`  ok    ${name}${typeof note === 'string' ? ` (${note})` : ''}`);
    return true;
  } catch (error) {
    failed += 1;
    console.log(`  FAIL  ${name}\n${indented(error instanceof Error ? error.stack : String(error))}`);
    return false;
  }
}

/** For a condition that the next checks need. */
export async function mustHold(name, body) {
  if (!(await check(name, body))) throw new Error(`nothing else can be checked without: ${name}`);
}

export function section(title) {
  console.log(`\n${title}`);
}

/** Reports what cannot be checked on this machine, and why. */
export function notHere(what, why) {
  console.log(`  --    ${what}: not checked, ${why}`);
}

export const counts = () => ({ passed, failed });

function indented(text) {
  return text.replace(/^/gm, '        ');
}
