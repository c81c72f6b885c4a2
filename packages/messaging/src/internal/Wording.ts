/** How the sentences of failures are put together. */

/** How the details of a connection begin that was not made since nothing listens. */
export const refused = "connection refused"

/** What a broker says, as the beginning of a sentence of ours. */
export const withoutStop = (detail: string): string => detail.replace(/\.+$/, "")
