/** `celeriac report`: what to say in a bug report, of this machine and of the settings that a command goes by. */
import { Transport } from "@celeriac/messaging/Transport"
import { ResultWriter } from "@celeriac/tasks/result/ResultWriter"
import * as TaskSettings from "@celeriac/tasks/TaskSettings"
import * as BugReport from "@celeriac/worker/control/BugReport"
import * as WorkerSettings from "@celeriac/worker/state/WorkerSettings"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Verb from "../app/Verb.ts"
import type { Globals } from "../flags/Globals.ts"

export const report = (globals: Globals, { json }: { readonly json: boolean }) =>
  Verb.run(globals, (verb) =>
    Effect.gen(function*() {
      const { driver, uri } = yield* Transport
      const values = {
        ...WorkerSettings.defaults(),
        ...verb.app?.worker.settings,
        ...(yield* TaskSettings.current),
        brokerUrl: BugReport.asCeleryMasks(uri),
        resultBackend: BugReport.asCeleryMasks((yield* ResultWriter).uri)
      }
      const settings = BugReport.configuration(values, false)
      yield* Console.log(
        json
          ? JSON.stringify({ software: BugReport.software(), settings })
          : BugReport.report(settings, driver, values.resultBackend)
      )
    }).pipe(Effect.provide(Verb.broker(verb))))
