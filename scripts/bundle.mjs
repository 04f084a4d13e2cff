// Each command as one file, so that it starts at once; the library stays as tsc wrote it.
import { chmod, copyFile, readdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const names = (await readdir('bin')).map((file) => file.replace(/\.ts$/, ''))

/** How wide a text is, yargs asks of ASCII alone; aufs-view asks it of what containers name their files. */
const lightForYargs = {
  name: 'light string-width for yargs',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^string-width$/ }, ({ importer }) =>
      /\/node_modules\/(yargs|cliui|wrap-ansi)\//.test(importer)
        ? { path: fileURLToPath(new URL('light/string-width.mjs', import.meta.url)) }
        : undefined,
    ),
}

await build({
  entryPoints: names.map((name) => `bin/${name}.ts`),
  outdir: 'dist/bin',
  bundle: true,
  platform: 'node',
  // What Node starts soonest.
  format: 'cjs',
  banner: { js: "const thisFile = require('node:url').pathToFileURL(__filename).href, atRoot = () => '/'" },
  define: {
    'import.meta.url': 'thisFile',
    // yargs asks when it is loaded, which makes a stream of standard output; the commands tell it when they show their help.
    'process.stdout.columns': 'undefined',
    // It also asks where it is, which may be a folder that is gone; it has no use for that here.
    'process.cwd': 'atRoot',
  },
  target: 'node20.19',
  sourcemap: true,
  sourcesContent: false,
  minify: true,
  alias: {
    // yargs needs little of it, and it takes longer to load than all else of yargs.
    assert: './scripts/light/assert.mjs',
  },
  plugins: [lightForYargs],
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
