/** Options over others: what is undefined is as good as left out. */
export const over = <A extends object>(...options: ReadonlyArray<A | undefined>): A => {
  const out: Record<string, unknown> = {}
  for (const one of options) {
    for (const [name, value] of Object.entries(one ?? {})) {
      if (value !== undefined) out[name] = value
    }
  }
  return out as A // each is of one of them
}
