/**
 * The broker that integration tests share. Files that run at the same time see
 * nothing of each other: each process of tests has a virtual host of its own.
 * What an earlier file of the same process left there is still there.
 */
import { inject } from "vitest"

/** So many there are. */
export const hosts = (count: number): ReadonlyArray<string> =>
  Array.from({ length: count }, (_, index) => `tests-${index + 1}`)

/** Of the virtual host that is this process's, with its user `guest`. */
export const brokerUrl = (): string => {
  const url = inject("amqpUrl")
  const named = hosts(inject("amqpHosts"))[Number(process.env["VITEST_POOL_ID"]) - 1]
  return named === undefined ? url : url.replace(/\/*$/, `/${named}`)
}
