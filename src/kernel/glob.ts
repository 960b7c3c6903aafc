/** Names by pattern: `*` stands for any text, `?` for one character. Takes time in proportion to the name, whatever the pattern. */

export function isGlob(text: string): boolean {
  return /[*?]/.test(text)
}

export function matchesGlob(name: string, pattern: string): boolean {
  const [text, glob] = [[...name], [...pattern]]
  let at = 0
  let from = 0
  /** The last star, and where the text goes on that it does not stand for. */
  let star = -1
  let afterStar = 0
  while (at < text.length) {
    if (glob[from] === '*') {
      star = from++
      afterStar = at
    } else if (glob[from] === '?' || glob[from] === text[at]) {
      from += 1
      at += 1
    } else if (star >= 0) {
      from = star + 1
      at = ++afterStar
    } else {
      return false
    }
  }
  return glob.slice(from).every((rest) => rest === '*')
}
