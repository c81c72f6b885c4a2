/**
 * How much memory held tasks may take.
 *
 * @since 0.1.0
 */

let known: number | undefined

/**
 * What a queue's tasks may take that are held here until they are due, whatever
 * the settings say, in bytes: a quarter of the heap. Asked when the first is held: to load `node:v8` takes milliseconds.
 */
export const limit = (): number => known ??= process.getBuiltinModule("node:v8").getHeapStatistics().heap_size_limit / 4
