/** Loads what `--autoreload` needs, where it is asked for. A file that `celeriac build` made has nothing of it: it is not what changes. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Autoreload from "./Autoreload.ts"

/** Defined in what `celeriac build` makes. */
declare const celeriacModule: string | undefined

export const layer = (options: Autoreload.Options): Layer.Layer<never> =>
  typeof celeriacModule === "string" ? Layer.empty : Layer.unwrap(
    Effect.promise(async () => {
      const { layer } = await import("./Autoreload.ts")
      return layer(options)
    })
  )
