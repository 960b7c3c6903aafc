/** `tf env list`, `tf env show`, `tf env delete`: how named environments are shown. `edit-environment.ts` makes and changes them. */
import type { TaskflowsContract } from '../../../contract/index.ts'
import type { OutputOf } from '../../../contract/operation.ts'
import { environmentTexts } from '../../../local-services.ts'
import { factLines } from '../output/facts.ts'
import type { Listing } from '../output/output.ts'
import type { Paint } from '../output/style.ts'
import { shortTime } from '../output/time.ts'
import { visible, visibleLines } from '../output/visible.ts'
import type { Printers } from '../printers.ts'

type Area = TaskflowsContract['environments']
export type Environment = OutputOf<Area['get']>

export const environmentPrinters: Printers<Area> = {
  list: (page, { output }) => output.page(page, environmentListing(Date.now())),
  get: async (environment, { output }) => output.item(environment, { name: environment.name, text: () => environmentFacts(environment, output.paint) }),
  delete: async ({ name, ...rest }, { output }) => output.item({ name, ...rest }, { name, text: () => `environment ${visible(name)} is deleted` }),
}

function environmentListing(nowMs: number): Listing<Environment> {
  return {
    name: ({ name }) => name,
    empty: 'There are no named environments. tf env create NAME makes one.',
    columns: [
      { header: 'ENVIRONMENT', value: ({ name }) => name },
      { header: 'TYPE', value: ({ type }) => type },
      { header: 'RUNS IN', value: runsIn, flexible: true },
      { header: 'USED BY', value: ({ services }) => services.map(({ name }) => name).join(', '), flexible: true },
      { header: 'VERSION', value: ({ version }) => version, align: 'right' },
      { header: 'CHANGED', value: ({ updated_at }) => shortTime(updated_at, nowMs) },
      { header: 'DESCRIPTION', value: ({ description }) => description, flexible: true, spare: 1 },
    ],
    moreColumns: [{ header: 'HOST', value: ({ hostname }) => hostname }],
  }
}

/** The conda environment, or the image; of one that is built its tag. */
function runsIn({ environment }: Environment): string {
  const { env_name: conda, image } = environment as { readonly env_name?: string; readonly image?: string | { readonly tag: string } }
  return conda ?? (typeof image === 'object' ? image.tag : image ?? '')
}

async function environmentFacts(environment: Environment, paint: Paint): Promise<string> {
  const { name, type, description, services, version, updated_at, hostname } = environment
  const facts = factLines([
    ['description', description || null],
    ['host', hostname],
    ['used by', services.map(({ name: service, scope }) => `${service} (${scope})`).join(', ') || 'no service'],
    ['version', `${version}, of ${shortTime(updated_at, Date.now())}`],
  ])
  const { environmentText } = await environmentTexts()
  const text = visibleLines(environmentText(environment.environment).trimEnd())
  return [`${paint('bold', visible(name))}  ${type}`, ...facts, '', text].join('\n')
}
