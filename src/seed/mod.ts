// The face of what a cluster is to begin with: declared as an object or in a file, and applied.

export { applyDeclaration } from "./apply.ts";
export {
  checkDeclaration,
  type Declaration,
  parseDeclaration,
  type Seeded,
  type SeedGroup,
  type SeedOffset,
  type SeedRecord,
  type SeedTopic,
} from "./declaration.ts";
