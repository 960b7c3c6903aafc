/**
 * The order of test files. Those that wait for machines come first, so that none of them is left to run alone at the end;
 * where vitest knows how long files took, it has the rest of the order. What keeps a processor busy for minutes begins the run.
 */
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const first = [/machine\/crash\.test\.ts$/, /services-cgroup2\.test\.ts$/, /\/test\/(?:machine|package|upgrade)\//, /\/test\/e2e\//]

export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const place = ({ project, moduleId }: TestSpecification) => project.config.sequence.groupOrder * 10 + rank(moduleId)
    return sorted.toSorted((one, other) => place(one) - place(other))
  }
}

function rank(file: string): number {
  const found = first.findIndex((pattern) => pattern.test(file))
  return found === -1 ? first.length : found
}
