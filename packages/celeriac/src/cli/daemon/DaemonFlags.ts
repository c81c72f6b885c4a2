/**
 * What a command takes that may run in the background: where it writes its
 * process id and its log, and as whom it runs. Celery's daemon options, by
 * Celery's names.
 */
import * as Option from "effect/Option"

export interface DaemonFlags {
  /** Start in the background. */
  readonly detach: boolean
  /** Patterns: see `Nodename.format`. */
  readonly pidfile: Option.Option<string>
  readonly logfile: Option.Option<string>
  /** Names or numbers. */
  readonly uid: Option.Option<string>
  readonly gid: Option.Option<string>
  /** Octal with a zero in front, else decimal. */
  readonly umask: Option.Option<string>
  /** The Node that a detached one runs on. */
  readonly executable: Option.Option<string>
}

export const own = {
  detach: { name: "detach", alias: "D", doc: "Start in the background, when the module has been loaded" },
  pidfile: {
    name: "pidfile",
    metavar: "FILE",
    doc:
      "Write the process id into this file, and refuse to start while the process lives that one there names. %n is the name of the node before the @, %h its host. Default: none"
  },
  logfile: {
    name: "logfile",
    alias: "f",
    metavar: "FILE",
    doc:
      "Append the log to this file, and not to stderr; a file that was moved is begun anew. Patterns as in --pidfile. Default: stderr"
  },
  uid: { name: "uid", metavar: "USER", doc: "Run as this user, and as root no more. Default: whoever starts it" },
  gid: { name: "gid", metavar: "GROUP", doc: "Run as this group. Default: the one of the user" },
  umask: {
    name: "umask",
    metavar: "MASK",
    doc: "What files that it makes are not to allow: octal with a 0 in front. Default: as it is where it is started"
  },
  executable: { name: "executable", metavar: "FILE", doc: "The Node to run on in the background. Default: this one" }
} as const

const texts = ["pidfile", "logfile", "uid", "gid", "umask", "executable"] as const

/** Of what was said, by the names above. */
export const from = (said: { readonly [K in keyof typeof own]?: unknown }): DaemonFlags => ({
  detach: said.detach === true,
  // Texts, as they were read.
  ...Object.fromEntries(texts.map((name) => [name, Option.fromUndefinedOr(said[name])])) as Omit<DaemonFlags, "detach">
})
