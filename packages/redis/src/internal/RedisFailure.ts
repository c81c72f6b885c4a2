/**
 * What Redis and its client say when something fails, as reasons: whether the
 * store is away, refuses for good, or does not take one value.
 *
 * An error reply begins with a code in capitals; what has none did not come
 * from the server.
 *
 * @since 0.1.0
 */
import { maskIn } from "@celeriac/messaging/MaskedUri"
import * as Messaging from "@celeriac/messaging/MessagingError"
import {
  BackendRefused,
  BackendUnreachable,
  because,
  type ResultError,
  ResultRefused
} from "@celeriac/tasks/result/ResultError"

/** What a failure is about. */
type Kind = "away" | "refused" | "value"

interface Failure {
  readonly kind: Kind
  readonly detail: string
}

/** By the beginning of an error reply. */
const replies: ReadonlyArray<readonly [pattern: RegExp, kind: Kind, advice: string]> = [
  [
    /^(WRONGPASS|NOAUTH|ERR AUTH|ERR invalid password|ERR Client sent AUTH)/,
    "refused",
    "Check the user name and the password"
  ],
  [
    // The others are said of a command of a script, by Redis 7.0 and newer ones.
    /^(NOPERM|ERR The user executing the script can't|ERR ACL failure in script)/,
    "refused",
    "The user needs the commands EVAL, EVALSHA, GET, GETRANGE, SET, SETEX, DEL, PUBLISH, SUBSCRIBE, UNSUBSCRIBE, PING and CLIENT SETNAME, for chords EXPIRE, SADD, ZADD, ZCARD and ZRANGE, for another database than 0 SELECT, and the keys and channels celery-task*"
  ],
  [
    /^READONLY/,
    "refused",
    "This server is a read-only replica: name the master, or the sentinels that know it (sentinel://)"
  ],
  [/^ERR DB index|^ERR invalid DB/, "refused", "The server has no database of this number"],
  [
    /^(MOVED|ASK|CLUSTERDOWN|CROSSSLOT)/,
    "refused",
    "This server is a member of a cluster, which no result backend of Celery can use: name a server that is not"
  ],
  [/^WRONGTYPE/, "value", "Its key holds something that is no result"],
  [/^ERR string exceeds maximum/, "value", "Return less, as where the data lies"],
  [/^OOM/, "away", "It has no memory left: raise maxmemory, or let results expire sooner (result_expires)"]
]

const read = (error: unknown): Failure => {
  const message = error instanceof Error ? error.message : String(error)
  const said = maskIn(message.slice(0, 500) || (error instanceof Error ? error.name : "no word"))
  const [, kind = "away", advice = undefined] = replies.find(([pattern]) => pattern.test(message)) ?? []
  return { kind, detail: advice === undefined ? said : `${said.replace(/\.$/, "")}. ${advice}` }
}

/** Of a command. */
export const ofCommand = (operation: string, backend: string, error: unknown): ResultError => {
  const { detail, kind } = read(error)
  const details = { backend, detail }
  switch (kind) {
    case "away":
      return because(operation, new BackendUnreachable(details))
    case "refused":
      return because(operation, new BackendRefused(details))
    case "value":
      return because(operation, new ResultRefused(details))
  }
}

/** Whether another server may answer better: the one that was the master, perhaps. */
export const isStale = (error: unknown): boolean => error instanceof Error && error.message.startsWith("READONLY")

/** Of an attempt to connect, as `Session` has it. */
export const ofConnecting = (uri: string, error: unknown): Messaging.MessagingError => {
  const { detail, kind } = read(error)
  return kind === "refused"
    ? Messaging.because("connect", new Messaging.InvalidConfiguration({ detail }))
    : lost(uri, detail)
}

/** There is no connection. */
export const lost = (uri: string, detail: string): Messaging.MessagingError =>
  Messaging.because("connect", new Messaging.ConnectionLost({ uri, detail }))

/** What `Session` says, to whom waits for a result or stores one. */
export const ofSession = (
  operation: string,
  backend: string,
  { isRecoverable, reason }: Messaging.MessagingError
): ResultError => {
  const details = { backend, detail: "detail" in reason ? reason.detail : reason.message }
  return because(operation, isRecoverable ? new BackendUnreachable(details) : new BackendRefused(details))
}

/** The script is to be sent whole. */
export const isUnknownScript = ({ reason }: ResultError): boolean =>
  reason._tag === "BackendUnreachable" && reason.detail.startsWith("NOSCRIPT")
