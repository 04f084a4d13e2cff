// Each command as one file, so that it starts at once; the library stays as tsc wrote it.
import { chmod, readdir } from 'node:fs/promises'
import { build } from 'esbuild'

const names = (await readdir('bin')).map((file) => file.replace(/\.ts$/, ''))

await build({
  entryPoints: names.map((name) => `bin/${name}.ts`),
  outdir: 'dist/bin',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  sourcemap: true,
  sourcesContent: false,
  // ndjson and through2 bring copies of what Node has.
  alias: { 'readable-stream': 'node:stream' },
  banner: {
    js: "import { createRequire as topRequire } from 'node:module'; const require = topRequire(import.meta.url);",
  },
  logLevel: 'warning',
})

for (const name of names) await chmod(`dist/bin/${name}.js`, 0o755)
