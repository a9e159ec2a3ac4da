/** Compiling at once, which the engines do not need; engines/wasm/webassembly.d.ts declares the rest. */
declare namespace WebAssembly {
  const Module: new (bytes: Uint8Array) => Module;
}
