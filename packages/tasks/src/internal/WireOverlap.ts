/**
 * Whether two members of a union look the same on the wire.
 *
 * A reader takes the first that fits. Where nothing was changed for the wire
 * that is the schema's own choice; where it was, the two have to be told apart
 * by what they are: by their kind, by a literal, or by a property that one has
 * and the other has not. What cannot be seen into may be anything.
 *
 * @since 0.1.0
 */
import * as SchemaAST from "effect/SchemaAST"
import * as WireType from "./WireType.ts"

/** The first two members that a reader would mistake for each other; `before` are the same without the step to the wire. */
export const find = (
  members: ReadonlyArray<SchemaAST.AST>,
  before: ReadonlyArray<SchemaAST.AST>
): readonly [one: number, other: number] | undefined => {
  for (let one = 0; one < members.length; one++) {
    for (let other = one + 1; other < members.length; other++) {
      const isChanged = members[one] !== before[one] || members[other] !== before[other]
      if (isChanged && overlap(SchemaAST.toEncoded(members[one]!), SchemaAST.toEncoded(members[other]!), 0)) {
        return [one, other]
      }
    }
  }
  return undefined
}

/** Deeper than what tells anything apart. */
const deepest = 16

const overlap = (one: SchemaAST.AST, other: SchemaAST.AST, depth: number): boolean => {
  if (depth > deepest) return true
  if (SchemaAST.isSuspend(one)) return overlap(SchemaAST.toEncoded(one.thunk()), other, depth + 1)
  if (SchemaAST.isSuspend(other)) return overlap(other, one, depth)
  if (SchemaAST.isUnion(one)) return one.types.some((type) => overlap(type, other, depth + 1))
  if (SchemaAST.isUnion(other)) return overlap(other, one, depth)
  if (SchemaAST.isNever(one) || SchemaAST.isNever(other)) return false
  if (SchemaAST.isLiteral(one) && SchemaAST.isLiteral(other)) return one.literal === other.literal
  if (SchemaAST.isObjects(one) && SchemaAST.isObjects(other)) return objectsOverlap(one, other, depth)
  if (SchemaAST.isArrays(one) && SchemaAST.isArrays(other)) return arraysOverlap(one, other, depth)
  const kinds = kindsOf(one)
  const others = kindsOf(other)
  return kinds === undefined || others === undefined || kinds.some((kind) => others.includes(kind))
}

const objectsOverlap = (one: SchemaAST.Objects, other: SchemaAST.Objects, depth: number): boolean =>
  !hasOwn(one, other) && !hasOwn(other, one) && one.propertySignatures.every(({ name, type }) => {
    const same = other.propertySignatures.find((property) => property.name === name)
    return same === undefined || SchemaAST.isOptional(type) || SchemaAST.isOptional(same.type) ||
      overlap(type, same.type, depth + 1)
  })

/** Whether it always has a property that the other one never has. */
const hasOwn = (one: SchemaAST.Objects, other: SchemaAST.Objects): boolean =>
  other.indexSignatures.length === 0 &&
  one.propertySignatures.some(({ name, type }) =>
    !SchemaAST.isOptional(type) && !other.propertySignatures.some((property) => property.name === name)
  )

const arraysOverlap = (one: SchemaAST.Arrays, other: SchemaAST.Arrays, depth: number): boolean => {
  if (isShorter(one, other) || isShorter(other, one)) return false
  return one.elements.every((element, index) => {
    const same = other.elements[index]
    return same === undefined || SchemaAST.isOptional(element) || SchemaAST.isOptional(same) ||
      overlap(element, same, depth + 1)
  })
}

/** Whether it always has fewer elements. */
const isShorter = (one: SchemaAST.Arrays, other: SchemaAST.Arrays): boolean =>
  one.rest.length === 0 &&
  one.elements.length < other.elements.filter((element) => !SchemaAST.isOptional(element)).length

const kindsOf = (ast: SchemaAST.AST): ReadonlyArray<string> | undefined => {
  switch (ast._tag) {
    case "Null":
      return ["null"]
    // JSON leaves it out, or writes null for it.
    case "Undefined":
      return ["null"]
    case "Boolean":
      return ["boolean"]
    case "Number":
      return ["number"]
    case "String":
    case "TemplateLiteral":
      return ["text"]
    case "Enum":
      return ast.enums.map(([, value]) => typeof value === "number" ? "number" : "text")
    case "Literal":
      return [typeof ast.literal === "string" ? "text" : typeof ast.literal === "boolean" ? "boolean" : "number"]
    case "Arrays":
      return ["list"]
    case "Objects":
      return ["object"]
    case "Any":
      return WireType.kindsOf(ast)
    default:
      return undefined
  }
}
