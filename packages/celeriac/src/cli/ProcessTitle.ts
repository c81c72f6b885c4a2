/**
 * What `ps` shows of a process, as Celery's: who it is, what it is at, and how
 * it was started. `NOSETPS` in the environment leaves the title alone.
 */
import { maskIn } from "@celeriac/messaging/MaskedUri"

export interface Title {
  /** `celeried`, as Celery's programs have a `d` at the end. */
  readonly program: string
  readonly nodename?: string | undefined
  /** `-active-` and the like. */
  readonly status: string
}

/** For as long as the process lives, or until the next one. Systems cut it to the length of the command line. */
export const set = (title: Title, args: ReadonlyArray<string> = process.argv.slice(2)): void => {
  if ((process.env["NOSETPS"] ?? "") === "") process.title = text(title, args)
}

/** Passwords of addresses are not shown. */
export const text = ({ nodename, program, status }: Title, args: ReadonlyArray<string>): string => {
  const who = nodename === undefined ? program : `${program}: ${nodename}`
  return `[${who}:MainProcess] ${status} (${args.map(maskIn).join(" ")})`
}
