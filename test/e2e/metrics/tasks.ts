/** What the server and the worker of `metrics.test.ts` run: a job, a task within it, and a metric of the user's own. */
import { Counter } from 'prom-client'
import { task } from '../../../src/index.ts'

const mails = new Counter({ name: 'shop_mails_total', help: 'Mails that were sent.' })

const render = task((text: string) => text.toUpperCase(), { name: 'render', required: true })

export const mail = task(async ({ text }: { text: string }) => {
  mails.inc()
  return render(text)
}, { name: 'mail' })
