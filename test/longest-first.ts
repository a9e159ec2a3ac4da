/**
 * The order of the test files: those that take a minute or more go first, so that none of them is left for the end, when the
 * other worker has nothing to do. Vitest remembers how long files took, but where it has never run it goes by their size.
 */
import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const longest = [
  'test/service/object-store.test.ts',
  'test/service/lifecycle.test.ts',
  'test/service/service.test.ts',
  'test/jobs/training/train-run.test.ts',
  'test/model/engines/webgpu.test.ts',
  'test/api/openapi/swagger-ui.test.ts',
  'test/service/workers-apart.test.ts',
  'test/model/engines/wasm.test.ts',
  'test/chaos/chaos.test.ts',
  'test/ui/home.test.ts',
  'test/api/contract/contract.test.ts',
  'test/ui/models.test.ts',
  'test/cli/cli.test.ts',
  'test/ui/jobs.test.ts',
  'test/demo/demo.test.ts',
  'test/service/metrics.test.ts',
];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const found = longest.indexOf(relative(this.ctx.config.root, moduleId));
      return found === -1 ? longest.length : found;
    };
    const others = await super.sort(files);
    return others.toSorted((a, b) => place(a) - place(b));
  }
}
