/** What an archive installs below a prefix: the executable, its links, man pages, completions and documents. */
import { cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { executable } from '../../dist/scripts/binary/executable.js'
import { manPage } from '../../dist/scripts/man.js'
import { release } from '../../dist/scripts/release.js'
import { commands } from '../bundle-commands.mjs'

/** Where completions are looked for, by the name of a command; zsh has one file for all. */
const COMPLETIONS = [
  { file: 'aufs-filters.bash', folder: 'share/bash-completion/completions', named: (name) => name },
  { file: 'aufs-filters.fish', folder: 'share/fish/vendor_completions.d', named: (name) => `${name}.fish` },
]

/**
 * Makes the tree.
 *
 * @param arch x64 or arm64: dist/binary/linux-ARCH is to be there
 * @param root the folder that becomes the prefix
 * @param zsh where zsh looks for the functions of others, which each distribution has elsewhere
 */
export async function makeTree(arch, root, zsh) {
  const binary = `dist/binary/linux-${arch}`
  // docs/api is not kept, but made by who wants it.
  const filter = (from) => from !== 'docs/api'
  const put = (from, to) => cp(from, `${root}/${to}`, { recursive: true, filter })
  await rm(root, { recursive: true, force: true })

  await put(`${binary}/aufs-filters`, 'bin/aufs-filters')
  for (const name of commands) await symlink('aufs-filters', `${root}/bin/${name}`)

  await mkdir(`${root}/share/man/man1`, { recursive: true })
  const pages = [[executable.name, manPage(executable, release)]]
  for (const name of commands) pages.push([name, await readFile(`dist/man/${name}.1`)])
  for (const [name, page] of pages)
    await writeFile(`${root}/share/man/man1/${name}.1.gz`, gzipSync(page, { level: 9 }))

  for (const { file, folder, named } of COMPLETIONS) {
    await put(`dist/completions/${file}`, `${folder}/${named('aufs-filters')}`)
    for (const name of commands) await symlink(named('aufs-filters'), `${root}/${folder}/${named(name)}`)
  }
  await put('dist/completions/_aufs-filters', `${zsh}/_aufs-filters`)

  // bpf/pin.sh finds the object beside itself; where it is not built, clang builds it there.
  for (const file of await readdir('bpf')) await put(`bpf/${file}`, `share/aufs-filters/bpf/${file}`)

  const documents = 'share/doc/aufs-filters'
  for (const name of ['LICENSE', 'LICENSES.txt', 'LICENSE.node'])
    await put(`${binary}/${name}`, `${documents}/${name}`)
  for (const name of ['README.md', 'SECURITY.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'docs', 'schemas'])
    await put(name, `${documents}/${name}`)
  for (const name of ['recipes', 'fleet', 'programs'])
    await put(`samples/${name}`, `${documents}/samples/${name}`)
}
