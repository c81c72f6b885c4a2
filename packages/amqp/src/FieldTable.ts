/**
 * AMQP field tables: the form of message headers and of the arguments of
 * declarations.
 *
 * The driver's own encoder picks the smallest type for an integer (`b`, `s`),
 * and Python's clients read `s` as a short string and `b` as unsigned: a
 * header `300` stops a Python worker. Its decoder does not know `L`, which is
 * what Python writes for integers of more than 31 bits, and throws out of the
 * frame parser. `Driver` puts this module in their place.
 *
 * Written: integers as `I`; from 32 bits on as `l`, below -2^31 as `L`, since
 * py-amqp before 5.3 reads `l` as unsigned (RabbitMQ 4 hands out `l` for either,
 * so there it reads 2^64 more, whoever has written it); numbers with a fraction, and integers of 64
 * bits and more, as `d`; `bigint` like an integer; strings `S`, booleans `t`,
 * null `V`, arrays `A`, objects `F`, bytes `x`, `Date` and Effect's `DateTime`
 * as `T` (whole seconds). Undefined fields are left out.
 *
 * Read: every type that RabbitMQ and its clients write. 64-bit integers that
 * a `number` cannot hold come as `bigint`, decimals as `number`, timestamps as
 * `Date`. A table that cannot be read to its end never throws: what was read is
 * kept, and `damageOf` says what was wrong.
 *
 * Spec: AMQP 0-9-1 §4.2.5.5, and RabbitMQ's errata on field types.
 *
 * @since 0.1.0
 */
export { damageOf, decodeFields } from "./internal/FieldTableDecoder.ts"
export { encodeExactly, encodeTable } from "./internal/FieldTableEncoder.ts"
export { FieldTableError, maxDepth } from "./internal/FieldTableError.ts"
