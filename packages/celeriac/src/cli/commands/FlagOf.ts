/** Flags of the library, of those that are described in tables. */
import * as Flag from "effect/cli/Flag"
import * as DaemonFlags from "../daemon/DaemonFlags.ts"
import type * as SettingFlag from "../flags/SettingFlag.ts"

/** With a value, that may be left out. */
export const text = ({ alias, doc, metavar = "", name }: SettingFlag.SettingFlag) => {
  const flag = Flag.String(name).pipe(Flag.withMetavar(metavar), Flag.withDescription(doc), Flag.optional)
  return alias === undefined ? flag : Flag.withAlias(flag, alias)
}

/** Says yes, and without it no. */
export const toggle = ({ alias, doc, name }: SettingFlag.SettingFlag) => {
  const flag = Flag.Boolean(name).pipe(Flag.withDescription(doc), Flag.withDefault(false), Flag.withoutNegation)
  return alias === undefined ? flag : Flag.withAlias(flag, alias)
}

/** Of a command that may run in the background. */
export const daemon = {
  detach: toggle(DaemonFlags.own.detach),
  pidfile: text(DaemonFlags.own.pidfile),
  logfile: text(DaemonFlags.own.logfile),
  uid: text(DaemonFlags.own.uid),
  gid: text(DaemonFlags.own.gid),
  umask: text(DaemonFlags.own.umask),
  executable: text(DaemonFlags.own.executable)
}
