/**
 * What `ps` shows of a process, as Celery's: who it is, what it is at, and how
 * it was started. `NOSETPS` in the environment leaves the title alone.
 */
import { maskIn } from "@celeriac/messaging/MaskedUri"

export interface Title {
  readonly program: string
  /** Of a node: what stands behind is set apart. */
  readonly nodename?: string | undefined
}

/** For as long as the process lives, or until the next one. Systems cut it to the length of the command line. */
export const set = (title: Title, args: ReadonlyArray<string> = process.argv.slice(2)): void => {
  if ((process.env["NOSETPS"] ?? "") === "") process.title = text(title, args)
}

/** Passwords of addresses are not shown. */
export const text = ({ nodename, program }: Title, args: ReadonlyArray<string>): string => {
  const shown = args.map(maskIn).join(" ")
  return nodename === undefined ? `[${program}] ${shown}` : `[${program}: ${nodename}:MainProcess] -active- (${shown})`
}
