/** The command tree. */
import * as Command from "effect/cli/Command"
import { build } from "./BuildCommand.ts"
import { graph } from "./GraphCommand.ts"
import { celeriac } from "./Root.ts"
import { worker } from "./WorkerCommand.ts"

export const all = celeriac.pipe(Command.withSubcommands([worker, graph, build]))
