/** What was checked, a line each, and how many of it held. */
let passed = 0;
let failed = 0;

/** A check that fails is printed and counted, and the next one goes on. @returns what the check returned */
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

/** For what the next checks stand on. */
export async function mustHold(name, body) {
  if (!(await check(name, body))) throw new Error(`nothing else can be checked without: ${name}`);
}

export function section(title) {
  console.log(`\n${title}`);
}

/** What cannot be checked on this machine, and why. */
export function notHere(what, why) {
  console.log(`  --    ${what}: not checked, ${why}`);
}

export const counts = () => ({ passed, failed });

function indented(text) {
  return text.replace(/^/gm, '        ');
}
