/**
 * What the `celeriac` command does before it loads anything, for programs that
 * start their worker themselves: `node --import celeriac/preload main.ts`.
 */
export {} from "./internal/RequiredNode.ts"

import * as CompileCache from "./cli/app/CompileCache.ts"
import * as Resolution from "./cli/app/Resolution.ts"

CompileCache.enable()
Resolution.shorten()
