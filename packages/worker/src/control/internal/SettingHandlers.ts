/**
 * What a worker replies to commands about its settings: under Celery's names,
 * and no secret among them. Source: control section 3.
 *
 * @since 0.1.0
 */
import { Transport } from "@celeriac/messaging/Transport"
import * as Commands from "@celeriac/tasks/control/Commands"
import { ResultWriter } from "@celeriac/tasks/result/ResultWriter"
import * as TaskSettings from "@celeriac/tasks/TaskSettings"
import * as Effect from "effect/Effect"
import * as WorkerSettings from "../../state/WorkerSettings.ts"
import * as BugReport from "../BugReport.ts"
import * as ControlHandler from "../ControlHandler.ts"

export const make = Effect.gen(function*() {
  const values: BugReport.Table = {
    ...(yield* TaskSettings.current),
    ...(yield* WorkerSettings.WorkerSettings),
    // Their own are addresses: these have no password.
    brokerUrl: BugReport.asCeleryMasks((yield* Transport).uri),
    resultBackend: BugReport.asCeleryMasks((yield* ResultWriter).uri)
  }
  const transport = yield* Transport

  return yield* Effect.all([
    ControlHandler.make(
      Commands.inspect.conf,
      ({ withDefaults }) => Effect.sync(() => BugReport.configuration(values, withDefaults ?? false))
    ),
    ControlHandler.make(
      Commands.inspect.report,
      () =>
        Effect.sync(() =>
          BugReport.report(BugReport.configuration(values, false), transport.driver, String(values["resultBackend"]))
        )
    )
  ])
})
