/**
 * URLs by their schemes: what the tables of transports and of result backends
 * are looked up by. A URL may hold a password, so no more than its scheme is
 * ever told.
 */
import * as Redacted from "effect/Redacted"

/** A URL, as text or as a secret. */
export type Secret = string | Redacted.Redacted

export const reveal = (url: Secret): string => Redacted.isRedacted(url) ? String(Redacted.value(url)) : url

/** A scheme alone is a URL to Celery: `rpc` is `rpc://`. */
export const complete = (url: string, known: ReadonlyMap<string, unknown>): string =>
  known.has(url.toLowerCase()) ? `${url}://` : url

/** In lower case. What does not look like a scheme may be a password: then it is empty. */
export const schemeOf = (url: string): string => /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1]?.toLowerCase() ?? ""

/** The sentence for a URL whose scheme is not in the table. */
export const unknown = (what: "transport" | "result backend", scheme: string, known: ReadonlyMap<string, unknown>) => {
  const noun = what === "transport" ? "broker" : what
  return `${scheme === "" ? `the ${noun} URL has no scheme` : `there is no ${what} for '${scheme}://'`}: known are ${
    Array.from(known.keys(), (name) => `${name}://`).join(", ")
  }`
}
