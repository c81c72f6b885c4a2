/**
 * What of a schema travels: its encoded side, brought into a form that the wire
 * gives back as it was sent.
 *
 * JSON has no `bigint` of its own, no `Date`, no `Map`; a schema whose encoded
 * side has one gets a step more, which writes it so that Python reads the
 * nearest of its own types. A schema that has none stays the very same. One that
 * has a part with no such form, or two that nobody could tell apart, is refused
 * when the task is defined.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import * as SchemaTransformation from "effect/SchemaTransformation"
import * as WireOverlap from "./WireOverlap.ts"
import * as WireType from "./WireType.ts"

/** Throws when a part of it has no form on the wire, and says which and what to do. */
export const of = <A>(schema: Schema.ConstraintCodec<A, unknown>): Schema.ConstraintCodec<A, unknown> => {
  // Whatever is there instead is nothing: no step is needed.
  if (SchemaAST.isVoid(schema.ast)) return schema
  return schemaOf(new Derivation(false).whole(schema.ast))
}

const passthrough = SchemaTransformation.passthrough<unknown>()

/** One walk over a schema. `strict` reads no text in the place of what is none. */
class Derivation {
  private readonly strict: boolean
  /** Of schemas that contain themselves. */
  private readonly suspended = new Map<SchemaAST.AST, SchemaAST.AST>()

  constructor(strict: boolean) {
    this.strict = strict
  }

  /** A schema, with the step to the wire behind it where it needs one. */
  whole(ast: SchemaAST.AST): SchemaAST.AST {
    const encoded = SchemaAST.toEncoded(ast)
    const wire = this.encoded(encoded)
    return wire === encoded ? ast : SchemaAST.decodeTo(wire, ast, passthrough)
  }

  /** An encoded side, which encodes further to the wire. */
  private encoded(ast: SchemaAST.AST): SchemaAST.AST {
    const derived = this.part(ast)
    if (derived === ast || !SchemaAST.isOptional(ast)) return derived
    return Schema.optionalKey(schemaOf(derived)).ast
  }

  private part(ast: SchemaAST.AST): SchemaAST.AST {
    switch (ast._tag) {
      case "Declaration":
        return this.declaration(ast)
      case "Undefined":
      case "Void":
        return nothing
      case "BigInt":
        return this.typed(WireType.integer, SchemaAST.bigInt)
      case "Literal":
        return typeof ast.literal === "bigint"
          ? this.typed(WireType.integerLiteral(ast.literal), SchemaAST.bigInt)
          : ast
      case "Symbol":
      case "UniqueSymbol":
        return Schema.toCodecJson(schemaOf(ast)).ast
      case "Arrays":
        return this.arrays(ast)
      case "Objects":
        return this.objects(ast)
      case "Union":
        return this.union(ast)
      case "Suspend":
        return this.suspend(ast)
      default:
        return ast
    }
  }

  private typed(type: WireType.WireType<any>, to: SchemaAST.AST): SchemaAST.AST {
    return WireType.toSchema(type, to, this.strict)
  }

  private declaration(ast: SchemaAST.Declaration): SchemaAST.AST {
    const own = ast.annotations?.[WireType.annotation]
    const id = idOf(ast.annotations?.representation)
    // Nothing but `Python` annotates so.
    const type = own as WireType.WireType<any> | undefined ?? WireType.effects.get(id)
    if (type !== undefined) return this.typed(type, SchemaAST.toType(ast))
    const why = typeof id === "string" ? refused.get(id) : undefined
    if (why !== undefined) throw new Error(why)
    const link = ast.annotations?.toCodecJson ?? ast.annotations?.toCodec
    if (typeof link !== "function") {
      throw new Error(
        `${
          nameOf(ast)
        } has no form that a message could carry. Say which with Schema.decodeTo, or by an annotation toCodecJson`
      )
    }
    const to: SchemaAST.Link | undefined = link(ast.typeParameters.map(schemaOf))
    return to === undefined ? ast : new SchemaAST.Declaration(
      ast.typeParameters,
      ast.run,
      ast.annotations,
      ast.checks,
      [new SchemaAST.Link(this.whole(to.to), to.transformation)]
    )
  }

  private arrays(ast: SchemaAST.Arrays): SchemaAST.AST {
    const elements = mapped(ast.elements, (element) => this.encoded(element))
    const rest = mapped(ast.rest, (element) => this.encoded(element))
    return elements === ast.elements && rest === ast.rest ? ast : new SchemaAST.Arrays(ast.isMutable, elements, rest)
  }

  private objects(ast: SchemaAST.Objects): SchemaAST.AST {
    const properties = mapped(ast.propertySignatures, (property) => {
      if (typeof property.name === "symbol") {
        throw new Error(`a property named by ${String(property.name)} is not sent: a message has names of text`)
      }
      const type = within(property.name, () => this.property(property.type))
      return type === property.type ? property : new SchemaAST.PropertySignature(property.name, type)
    })
    const signatures = mapped(ast.indexSignatures, (signature) => {
      const type = within("*", () => this.encoded(signature.type))
      return type === signature.type ? signature : new SchemaAST.IndexSignature(signature.parameter, type)
    })
    return properties === ast.propertySignatures && signatures === ast.indexSignatures
      ? ast
      : new SchemaAST.Objects(properties, signatures)
  }

  /** One that may be left out is left out where it is `undefined` and null means something else. */
  private property(type: SchemaAST.AST): SchemaAST.AST {
    if (!SchemaAST.isOptional(type) || !SchemaAST.isUnion(type)) return this.encoded(type)
    const members = membersOf(type)
    if (!members.some(SchemaAST.isUndefined) || !members.some(SchemaAST.isNull)) return this.encoded(type)
    const defined = new SchemaAST.Union(members.filter((member) => !SchemaAST.isUndefined(member)), type.options)
    const derived = this.part(defined)
    return derived === defined
      ? type
      : Schema.optionalKey(schemaOf(new SchemaAST.Union([derived, SchemaAST.undefined], type.options))).ast
  }

  private union(ast: SchemaAST.Union): SchemaAST.AST {
    const types = mapped(ast.types, (type) => this.encoded(type))
    if (types === ast.types) return ast
    const clash = WireOverlap.find(types, ast.types)
    if (clash === undefined) return new SchemaAST.Union(types, ast.options)
    if (!this.strict) return new Derivation(true).union(ast)
    const [one, other] = clash
    throw new Error(
      `${nameOf(ast.types[one]!)} and ${
        nameOf(ast.types[other]!)
      } look the same in a message, so a reader of the union could not tell them apart`
    )
  }

  private suspend(ast: SchemaAST.Suspend): SchemaAST.AST {
    const target = ast.thunk()
    const known = this.suspended.get(target)
    if (known !== undefined) return known
    let derived: SchemaAST.AST | undefined
    const lazy = new SchemaAST.Suspend(() => derived ??= this.encoded(target))
    this.suspended.set(target, lazy)
    // Now and not at the first message: it may have to be refused.
    derived = this.encoded(target)
    if (derived !== target) return lazy
    this.suspended.set(target, ast)
    return ast
  }
}

/** JavaScript's nothing is the other languages' null. */
const nothing = SchemaAST.decodeTo(
  Schema.Null.ast,
  Schema.Undefined.ast,
  SchemaTransformation.transform<undefined, null>({ decode: () => undefined, encode: () => null })
)

const refused: ReadonlyMap<string, string> = new Map([
  ["effect/schema/Redacted", "a Schema.Redacted is not sent. Schema.RedactedFromValue is, where that is meant"],
  ["effect/schema/File", "a File is read asynchronously, which a task cannot wait for: declare its bytes"],
  ["effect/schema/FormData", "a FormData is read asynchronously, which a task cannot wait for: declare what is in it"]
])

/** The schema of an AST that was taken out of one without services. */
const schemaOf = (ast: SchemaAST.AST): Schema.Codec<any, unknown> => Schema.make<Schema.Codec<any, unknown>>(ast)

const membersOf = (ast: SchemaAST.AST): ReadonlyArray<SchemaAST.AST> =>
  SchemaAST.isUnion(ast) ? ast.types.flatMap(membersOf) : [ast]

/** The very list, when nothing changed. */
const mapped = <A>(list: ReadonlyArray<A>, f: (item: A) => A): ReadonlyArray<A> => {
  const out = list.map(f)
  return out.every((item, index) => item === list[index]) ? list : out
}

const within = <A>(name: PropertyKey, derive: () => A): A => {
  try {
    return derive()
  } catch (error) {
    throw error instanceof Error ? new Error(`["${String(name)}"]: ${error.message}`, { cause: error }) : error
  }
}

const idOf = (representation: unknown): unknown =>
  typeof representation === "object" && representation !== null && "id" in representation
    ? representation.id
    : undefined

const nameOf = (ast: SchemaAST.AST): string =>
  SchemaAST.resolveIdentifier(ast) ?? SchemaAST.resolveAt<string>("expected")(ast) ?? ast._tag
