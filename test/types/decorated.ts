/** Methods as tasks. Node cannot run decorators, so `decorated.test.ts` compiles this first. */
import { type TaskFailure, getCurrentRun, isTaskFailure, task } from 'taskflows'

class Shop {
  readonly #price = 5
  calls = 0

  @task({ required: true, retries: { maxAttempts: 3, baseDelaySeconds: 0 } })
  async total(count: number): Promise<number> {
    this.calls += 1
    if (this.calls < 3) throw new Error('busy')
    return this.#price * count
  }

  @task({ name: 'shop.close' })
  static async close(): Promise<string | TaskFailure> {
    throw new Error(`${getCurrentRun()!.name} is not allowed`)
  }

  // @ts-expect-error: a method that may fail must say so in its type
  @task({ retries: 2 })
  async count(): Promise<number> {
    return this.calls
  }
}

const shop = new Shop()
const closed = await Shop.close()
console.log(JSON.stringify({ total: await shop.total(3), calls: shop.calls, closed: isTaskFailure(closed) && String(closed.error), count: await shop.count() }))
