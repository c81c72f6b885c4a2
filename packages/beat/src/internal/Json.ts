/** Looks at values that were read, whose types nobody promised. */

export const isTable = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Text, or nothing. */
export const textOr = (value: unknown, refuse: () => never): string | undefined =>
  value == null ? undefined : typeof value === "string" ? value : refuse()

/** What is no JSON of an object is nobody's, and is left out. Each field is looked at by who uses it. */
export const parse = <A>(text: unknown): Partial<A> | undefined => {
  try {
    const value: unknown = JSON.parse(String(text))
    return isTable(value) ? value as Partial<A> : undefined // the fields are optional, and looked at later
  } catch {
    return undefined
  }
}
