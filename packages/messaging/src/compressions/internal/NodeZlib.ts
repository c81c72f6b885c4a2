/**
 * Node's compressions, loaded when the first message is compressed: most workers
 * never see one.
 *
 * @since 0.1.0
 */
import type * as Zlib from "node:zlib"

export const zlib = (): typeof Zlib => process.getBuiltinModule("node:zlib")
