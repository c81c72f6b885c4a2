/** Loads what `--autoreload` needs, where it is asked for. A file that `celeriac build` made has nothing of it: it is not what changes. */
import type * as Autoreload from "./Autoreload.ts"

/** Defined in what `celeriac build` makes. */
declare const celeriacModule: string | undefined

export const load: (() => Promise<typeof Autoreload>) | undefined = typeof celeriacModule === "string"
  ? undefined
  : () => import("./Autoreload.ts")
