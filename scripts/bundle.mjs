// Each command as one file, so that it starts at once; the library stays as tsc wrote it.
import { chmod, copyFile, readdir, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { build } from 'esbuild'

const names = (await readdir('bin')).map((file) => file.replace(/\.ts$/, ''))

/** Of yargs the commands need its parser alone: without this, all that yargs knows of where it runs would be loaded with it. */
const parserAlone = {
  name: "yargs' parser alone",
  setup: ({ onResolve }) =>
    onResolve({ filter: /\/platform-shims\/esm\.mjs$/ }, ({ path, resolveDir }) => ({
      path: resolve(resolveDir, path),
      sideEffects: false,
    })),
}

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
  plugins: [parserAlone],
  logLevel: 'warning',
})

// What modules read from beside themselves, bundles look for beside themselves.
await copyFile('dist/src/lines/scan.wasm', 'dist/bin/scan.wasm')

// aufs-view writes pages, whose script is made of modules, too.
for (const folder of ['dist/bin/web', 'dist/src/view/page/web']) {
  await build({
    entryPoints: ['src/view/page/web/main.ts'],
    outfile: `${folder}/script.js`,
    bundle: true,
    format: 'iife',
    target: 'es2023',
    charset: 'utf8',
    minify: true,
    logLevel: 'warning',
  })
  for (const part of ['page.html', 'page.css'])
    await copyFile(`src/view/page/web/${part}`, `${folder}/${part}`)
}
await writeFile('dist/bin/package.json', '{ "type": "commonjs" }\n')
for (const name of names) await chmod(`dist/bin/${name}.js`, 0o755)
