import * as ConnectionSettings from "@celeriac/tasks/ConnectionSettings"
import * as SettingsTable from "@celeriac/tasks/SettingsTable"
import * as TaskSettings from "@celeriac/tasks/TaskSettings"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"

const read = (options: unknown) => SettingsTable.fromCelery(TaskSettings.table, { broker_transport_options: options })

const messageOf = (options: unknown): string => {
  const result = read(options)
  return Result.isFailure(result) ? result.failure.message : "fits"
}

describe("broker_transport_options", () => {
  it("are those of a connection to RabbitMQ, in Celery's names and seconds", () => {
    const options = {
      confirm_publish: true,
      heartbeat: 10,
      connect_timeout: 2.5,
      login_method: "EXTERNAL",
      client_properties: { team: "billing" },
      read_timeout: null
    }
    assert.deepStrictEqual(Result.getOrThrow(read(options)).brokerTransportOptions, {
      heartbeat: 10_000,
      connectTimeout: 2500,
      loginMethod: "EXTERNAL",
      clientProperties: { team: "billing" }
    })
    assert.deepStrictEqual(Result.getOrThrow(read({})).brokerTransportOptions, {})
    assert.deepStrictEqual(Result.getOrThrow(read(null)), {})
  })

  it("are shown in Celery's names again", () => {
    const { toCelery } = ConnectionSettings.BrokerTransportOptions.setting
    assert.deepStrictEqual(toCelery?.({ heartbeat: "1 minute", loginMethod: "PLAIN" } as never), {
      heartbeat: 60,
      login_method: "PLAIN"
    })
  })

  it("of other brokers are each answered with what to do instead", () => {
    const message = messageOf({ visibility_timeout: 3600, polling_interval: 1, confirm_publish: false, max_retries: 3 })
    for (
      const sentence of [
        /visibility_timeout: leave it out: RabbitMQ gives back what a worker held/,
        /polling_interval: leave it out: it is of a broker that there is not here/,
        /confirm_publish: leave it out: the broker confirms every message/,
        /max_retries: say it in task_publish_retry_policy/
      ]
    ) {
      assert.match(message, sentence)
    }
    assert.match(messageOf({ hartbeat: 3 }), /hartbeat: there is no such option of RabbitMQ's transport/)
  })

  it("that do not fit are refused, and none is shown: there may be a password among them", () => {
    for (const options of [{ heartbeat: -1 }, { login_method: "GSSAPI" }, { connect_timeout: 0 }, [], "heartbeat=3"]) {
      assert.match(messageOf(options), /^settings: broker_transport_options must be some of heartbeat/)
    }
    assert.notInclude(messageOf({ password: "open-sesame" }), "open-sesame")
  })

  it.effect("have keys that the types know", () =>
    Effect.gen(function*() {
      TaskSettings.layer({ brokerTransportOptions: { heartbeat: "10 seconds", clientProperties: { team: "billing" } } })
      // @ts-expect-error it is of Redis
      assert.throws(() => TaskSettings.layer({ brokerTransportOptions: { visibilityTimeout: "1 hour" } }))
      // @ts-expect-error there is no such method here
      assert.throws(() => TaskSettings.layer({ brokerTransportOptions: { loginMethod: "GSSAPI" } }))
      assert.deepStrictEqual(yield* ConnectionSettings.BrokerTransportOptions, {})
    }))
})
