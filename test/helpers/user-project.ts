/** A project of somebody who uses the library: it has the package as it is built, and strict types. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { type Outcome, outcome, repository } from './run.js'

/** Every check of types that a user may have switched on, also of the library's own declarations. */
const compilerOptions = {
  ...{ strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, noEmit: true },
  ...{ allowJs: true, checkJs: true, module: 'nodenext', target: 'es2023', types: ['node'] },
}

/** Makes the project. @param sources its files, by their names */
export function makeProject(folder: string, sources: Record<string, string>): void {
  mkdirSync(`${folder}/node_modules`)
  symlinkSync(repository, `${folder}/node_modules/aufs-filters`)
  symlinkSync(`${repository}/node_modules/@types`, `${folder}/node_modules/@types`)
  writeFileSync(`${folder}/package.json`, '{ "type": "module" }')
  writeFileSync(`${folder}/tsconfig.json`, JSON.stringify({ compilerOptions, files: Object.keys(sources) }))
  for (const [name, source] of Object.entries(sources)) writeFileSync(`${folder}/${name}`, source)
}

/** What the compiler says of a project. */
export function compiled(folder: string): Promise<Outcome> {
  return outcome(`${repository}/node_modules/.bin/tsc`, ['--project', folder])
}
