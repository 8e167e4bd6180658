/** Where the pages lie in the package: beside the sources, for the build copies nothing. */
import { fileURLToPath } from 'node:url'

export const pagesDirectory = fileURLToPath(
  new URL('../../../../../src/layers/workspace/web-services/pages', import.meta.url),
)
