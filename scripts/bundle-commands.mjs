/** How each command becomes one file, that starts at once: for npm, and for the single executable. */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { build } from 'esbuild'

/** The commands, each a module of bin/. */
export const commands = (await readdir('bin')).map((file) => file.replace(/\.ts$/, ''))

/** Of yargs the commands need its parser alone: without this, all that yargs knows of where it runs would be loaded with it. */
const parserAlone = {
  name: "yargs' parser alone",
  setup: ({ onResolve }) =>
    onResolve({ filter: /\/platform-shims\/esm\.mjs$/ }, ({ path, resolveDir }) => ({
      path: resolve(resolveDir, path),
      sideEffects: false,
    })),
}

/**
 * Bundles every command, and writes the licences of the packages in them to LICENSES.txt beside them.
 *
 * @param outdir the folder for the bundles
 * @param thisFile the code of what `import.meta.url` is in them
 * @param plugins more of esbuild's
 */
export async function bundleCommands({ outdir, thisFile, plugins = [], ...options }) {
  const { metafile } = await build({
    entryPoints: commands.map((name) => `bin/${name}.ts`),
    outdir,
    bundle: true,
    platform: 'node',
    // What Node starts soonest.
    format: 'cjs',
    banner: { js: `const thisFile = ${thisFile}` },
    define: { 'import.meta.url': 'thisFile' },
    target: 'node20.19',
    minify: true,
    plugins: [parserAlone, ...plugins],
    metafile: true,
    logLevel: 'warning',
    ...options,
  })
  await writeFile(`${outdir}/LICENSES.txt`, await licences(metafile))
}

/** The licence of each package of which something is in a bundle. */
async function licences({ outputs }) {
  const used = Object.values(outputs).flatMap(({ inputs }) => Object.entries(inputs))
  const folders = new Set(
    used.flatMap(([file, { bytesInOutput }]) =>
      bytesInOutput === 0 ? [] : (/^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? []),
    ),
  )
  const texts = [...folders].sort().map(async (folder) => {
    const { name, version, license } = JSON.parse(await readFile(`${folder}/package.json`, 'utf8'))
    const file = (await readdir(folder)).find((each) => /^licen[cs]e/i.test(each))
    if (file === undefined) throw new Error(`${folder} has no licence`)
    const text = (await readFile(`${folder}/${file}`, 'utf8')).trim()
    return `${name} ${version} (${license})\n\n${text}\n`
  })
  const about = 'The commands are bundled with parts of these packages.\n'
  return [about, ...(await Promise.all(texts))].join(`\n${'-'.repeat(80)}\n\n`)
}
