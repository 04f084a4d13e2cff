// The commands as npm installs them; the library stays as tsc wrote it.
import { chmod, copyFile, cp, writeFile } from 'node:fs/promises'
import { bundleCommands, commands } from './bundle-commands.mjs'

await bundleCommands({
  outdir: 'dist/bin',
  thisFile: "require('node:url').pathToFileURL(__filename).href",
  sourcemap: true,
  sourcesContent: false,
})

// What modules read from beside themselves, bundles look for beside themselves.
await copyFile('dist/src/lines/scan.wasm', 'dist/bin/scan.wasm')
for (const folder of ['dist/bin', 'dist/src/view'])
  await cp('src/view/page', `${folder}/page`, { recursive: true })
await writeFile('dist/bin/package.json', '{ "type": "commonjs" }\n')
for (const name of commands) await chmod(`dist/bin/${name}.js`, 0o755)
