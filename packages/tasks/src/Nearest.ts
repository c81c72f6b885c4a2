/**
 * The name that may have been meant, for those who refuse one that is not known.
 *
 * @since 0.1.0
 */
export { nearest } from "./internal/Nearest.ts"
