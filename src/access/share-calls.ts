/**
 * One call for many askers: what is asked while a call is on its way shares the
 * next one. Nobody gets an answer that was asked for before the question, which
 * is what a cache would give.
 */

/** @param send answers all keys; what it leaves out is `undefined` */
export function shareCalls<K, V>(send: (keys: readonly K[]) => Promise<ReadonlyMap<K, V>>): (key: K) => Promise<V | undefined> {
  let next: { readonly keys: Set<K>; readonly answers: Promise<ReadonlyMap<K, V>> } | undefined
  let underWay: Promise<unknown> = Promise.resolve()

  const open = () => {
    const keys = new Set<K>()
    const answers = underWay.then(() => {
      next = undefined
      return send([...keys])
    })
    // Whoever shares it hears of a failure; the next call is not concerned.
    underWay = answers.catch(() => {})
    return { keys, answers }
  }

  return async (key) => {
    next ??= open()
    next.keys.add(key)
    return (await next.answers).get(key)
  }
}
