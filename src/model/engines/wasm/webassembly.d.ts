/** The part of the WebAssembly JavaScript interface that is used; TypeScript declares it only with the DOM. */
declare namespace WebAssembly {
  class Memory {
    /** A memory that threads share has a maximum. */
    constructor(limits: { initial: number; maximum: number; shared: true } | { initial: number });
    readonly buffer: ArrayBufferLike;
  }
  interface Module {
    readonly [Symbol.toStringTag]: string;
  }
  class Instance {
    constructor(module: Module, imports: Record<string, Record<string, Memory>>);
    readonly exports: Readonly<Record<string, unknown>>;
  }
  function compile(bytes: Uint8Array): Promise<Module>;
}
