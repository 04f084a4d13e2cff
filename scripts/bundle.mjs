// The commands as npm installs them; the library stays as tsc wrote it.
import { chmod, copyFile, writeFile } from 'node:fs/promises'
import { build } from 'esbuild'
import { bundleCommands, commands } from './bundle-commands.mjs'

await bundleCommands({
  outdir: 'dist/bin',
  thisFile: "require('node:url').pathToFileURL(__filename).href",
  sourcemap: true,
  sourcesContent: false,
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
for (const name of commands) await chmod(`dist/bin/${name}.js`, 0o755)
