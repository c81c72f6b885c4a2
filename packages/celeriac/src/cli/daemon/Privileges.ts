/** As whom a process runs: another user and group than root, for good, and what its files allow. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { userInfo } from "node:os"
import { because, type CliFailure, mistaken } from "../output/CliFailure.ts"
import type { DaemonFlags } from "./DaemonFlags.ts"

/** Before anything of the user's is loaded, and any file is written. */
export const drop = (
  { gid, uid, umask }: Pick<DaemonFlags, "gid" | "uid" | "umask">
): Effect.Effect<void, CliFailure> =>
  Effect.gen(function*() {
    if (Option.isSome(umask)) yield* mask(umask.value)
    if (Option.isNone(uid) && Option.isNone(gid)) return
    if (process.setuid === undefined) {
      return yield* Effect.fail(mistaken("--uid and --gid: this system has no such users and groups"))
    }
    yield* Effect.try({
      try: () => become(Option.getOrUndefined(uid), Option.getOrUndefined(gid)),
      catch: (error) => notBecome(uid, gid, error)
    })
  })

const mask = (text: string): Effect.Effect<void, CliFailure> => {
  const value = /^0[0-7]*$/.test(text) ? Number.parseInt(text, 8) : /^[1-9]\d*$/.test(text) ? Number(text) : NaN
  return value <= 0o777
    ? Effect.sync(() => void process.umask(value))
    : Effect.fail(mistaken(`--umask is "${text}", and must be octal with a 0 in front, such as 022, or decimal`))
}

const become = (user: string | undefined, group: string | undefined): void => {
  // Node has `initgroups`, and its types do not.
  const { getuid, initgroups, setegid, seteuid, setgid, setuid } = process as typeof process & InitGroups
  if (user === undefined) return setgid?.(idOf(group!))
  const wanted = idOf(user)
  // A worker that was started again is that user already.
  if (getuid?.() !== 0 && (wanted === getuid?.() || wanted === userInfo().username)) return
  // What the system knows of a user it tells of the one in effect.
  const before = process.geteuid?.() ?? 0
  seteuid?.(wanted)
  const { gid, username } = (() => {
    try {
      return userInfo()
    } finally {
      seteuid?.(before)
    }
  })()
  const own = group === undefined ? gid : idOf(group)
  setgid?.(own)
  setegid?.(own)
  initgroups?.(username, own)
  setuid?.(wanted)
  if (wanted !== 0 && getuid?.() === 0) throw new Error("it is root still")
}

interface InitGroups {
  readonly initgroups?: ((user: string, group: number | string) => void) | undefined
}

/** A number, or a name that the system knows. */
const idOf = (text: string): number | string => /^\d+$/.test(text) ? Number(text) : text

const notBecome = (uid: Option.Option<string>, gid: Option.Option<string>, error: unknown): CliFailure => {
  const said = [
    ...Option.match(uid, { onNone: () => [], onSome: (uid) => [`--uid ${uid}`] }),
    ...Option.match(gid, { onNone: () => [], onSome: (gid) => [`--gid ${gid}`] })
  ].join(" ")
  const code = error instanceof Error && "code" in error ? error.code : undefined
  return because(
    code === "ERR_UNKNOWN_CREDENTIAL"
      ? `${said}: there is no such ${/group/i.test((error as Error).message) ? "group" : "user"}` // as was asked above
      : code === "EPERM"
      ? `${said}: only root may run as another user or group`
      : `${said}: ${error instanceof Error ? error.message : String(error)}`
  )
}
