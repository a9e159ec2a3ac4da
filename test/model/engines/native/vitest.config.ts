/** The conformance suite of the native engine with an addon that was built for a sanitizer, $NATIVE_ADDON. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/model/engines/native/*.sanitized.ts'],
    testTimeout: 180_000,
  },
});
