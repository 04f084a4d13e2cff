/** Writes the schemas of the records anew. A person reads the diff: it is one of what all records promise. */
import { mkdir, writeFile } from 'node:fs/promises'
import { repository } from '../test/helpers/run.js'
import { recordSchemas } from './record-schemas.js'

await mkdir(`${repository}/schemas`, { recursive: true })
for (const [file, schema] of recordSchemas(repository))
  await writeFile(`${repository}/schemas/${file}`, `${JSON.stringify(schema, null, 2)}\n`)
