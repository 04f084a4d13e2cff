/** How each command becomes one file, that starts at once: for npm, and for the single executable. */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** The commands, each a module of bin/. */
export const commands = (await readdir('bin')).map((file) => file.replace(/\.ts$/, ''))

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
    banner: { js: `const thisFile = ${thisFile}, atRoot = () => '/'` },
    define: {
      'import.meta.url': 'thisFile',
      // yargs asks when it is loaded, which makes a stream of standard output; the commands tell it when they show their help.
      'process.stdout.columns': 'undefined',
      // It also asks where it is, which may be a folder that is gone; it has no use for that here.
      'process.cwd': 'atRoot',
    },
    target: 'node20.19',
    minify: true,
    alias: {
      // yargs needs little of it, and it takes longer to load than all else of yargs.
      assert: './scripts/light/assert.mjs',
    },
    plugins: [lightForYargs, ...plugins],
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
