/**
 * What every transport must do, as tests.
 *
 * Call `suite` at the top of a test file with a layer of the transport. The
 * tests run on the live clock and wait on events, so they hold for a broker
 * across a network. Every entity has a name of its own and is deleted
 * afterwards: the broker may be shared.
 *
 * ```ts
 * suite("memory", { layer: MemoryTransport.layer() })
 * ```
 *
 * @since 0.1.0
 */
import { describe } from "@effect/vitest"
import { declarations } from "./TransportConformanceDeclarations.ts"
import { deliveries } from "./TransportConformanceDeliveries.ts"
import { expiry } from "./TransportConformanceExpiry.ts"
import { failures } from "./TransportConformanceFailures.ts"
import { functions } from "./TransportConformanceFunctions.ts"
import { capabilitiesOf, type Options, tester } from "./TransportConformanceKit.ts"
import { preconditions } from "./TransportConformancePreconditions.ts"
import { publishing } from "./TransportConformancePublishing.ts"
import { routing } from "./TransportConformanceRouting.ts"
import { settlement } from "./TransportConformanceSettlement.ts"
import { values } from "./TransportConformanceValues.ts"

export type { Capabilities, Options } from "./TransportConformanceKit.ts"

/** Registers the tests under `<name> transport`. */
export const suite = (name: string, options: Options): void => {
  const test = tester(options)
  const can = capabilitiesOf(options)
  describe(`${name} transport`, () => {
    declarations(test, can)
    preconditions(test, can)
    routing(test, can)
    publishing(test)
    deliveries(test, can)
    settlement(test, can)
    values(test, can)
    expiry(test, can)
    failures(test)
    functions(test, can)
  })
}
