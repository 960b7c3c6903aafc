/** How many do a thing at the same time; the others wait in the order in which they came. */
export function createTurns(most: number): () => Promise<Disposable> {
  let taken = 0
  const waiting: (() => void)[] = []
  const give = () => {
    const next = waiting.shift()
    if (next) next()
    else taken -= 1
  }
  return async () => {
    if (taken < most) taken += 1
    else await new Promise<void>((resolve) => waiting.push(resolve))
    return { [Symbol.dispose]: give }
  }
}
