/**
 * Whether the machine has nothing else to do, as who runs the tests says with
 * `CELERIAC_QUIET=1`. What is promised by the clock is asserted then; what leads
 * to it is asserted always, so that no test depends on how fast a machine is.
 */
export const isQuiet = process.env["CELERIAC_QUIET"] === "1"
