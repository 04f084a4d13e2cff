// Each command as one file, so that it starts at once; the library stays as tsc wrote it.
import { chmod, copyFile, cp, readdir, writeFile } from 'node:fs/promises'
import { build } from 'esbuild'

const names = (await readdir('bin')).map((file) => file.replace(/\.ts$/, ''))

await build({
  entryPoints: names.map((name) => `bin/${name}.ts`),
  outdir: 'dist/bin',
  bundle: true,
  platform: 'node',
  // What Node starts soonest.
  format: 'cjs',
  banner: { js: "const thisFile = require('node:url').pathToFileURL(__filename).href" },
  define: { 'import.meta.url': 'thisFile' },
  target: 'node20.19',
  sourcemap: true,
  sourcesContent: false,
  minify: true,
  logLevel: 'warning',
})

// What modules read from beside themselves, bundles look for beside themselves.
await copyFile('dist/src/lines/scan.wasm', 'dist/bin/scan.wasm')
for (const folder of ['dist/bin', 'dist/src/view'])
  await cp('src/view/page', `${folder}/page`, { recursive: true })
await writeFile('dist/bin/package.json', '{ "type": "commonjs" }\n')
for (const name of names) await chmod(`dist/bin/${name}.js`, 0o755)
