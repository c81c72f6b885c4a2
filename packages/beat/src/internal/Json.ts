/** Looks at values that were read, whose types nobody promised. */

export const isTable = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Text, or nothing. */
export const textOr = (value: unknown, refuse: () => never): string | undefined =>
  value == null ? undefined : typeof value === "string" ? value : refuse()
