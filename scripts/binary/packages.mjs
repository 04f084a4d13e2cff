// The archives of dist/binary/linux-*: npm run build:packages [-- [-0 … -9] [x64] [arm64] [tar.xz] [deb] [rpm]]
// -6 is the default, and -9 packs no better. -0 packs soonest: a .deb and a .rpm are not compressed at all then.
// Takes tar and xz, dpkg-deb, rpmbuild (Debian: xz-utils, dpkg, rpm).
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { release } from '../../dist/scripts/release.js'
import { makeTree } from './tree.mjs'

const run = promisify(execFile)
const OUT = 'dist/binary'
const WORK = `${OUT}/work`
const { name, description, license, author, homepage } = JSON.parse(await readFile('package.json', 'utf8'))
const [summary] = description.split(/(?<=\?)/)
const { version } = release
// The same files make the same archives, whenever and by whomever they are packed.
process.env.SOURCE_DATE_EPOCH = String(release.date.getTime() / 1000)

const kinds = { 'tar.xz': tar, deb, rpm }
const words = process.argv.slice(2)
const level = words.find((word) => /^-\d$/.test(word))?.slice(1) ?? '6'
const asked = (all) =>
  all.some((each) => words.includes(each)) ? all.filter((each) => words.includes(each)) : all
for (const arch of asked(['x64', 'arm64']).filter((each) => existsSync(`${OUT}/linux-${each}`)))
  for (const kind of asked(Object.keys(kinds))) console.log(await kinds[kind](arch))

/** A tree of its own for each: they do not put everything at the same place. */
async function tree(arch, root, zsh) {
  await makeTree(arch, root, zsh)
  await run('chmod', ['-R', 'u=rwX,go=rX', root])
}

/** To be unpacked below /usr/local or anywhere, less its first folder. */
async function tar(arch) {
  const folder = `${name}-${version}-linux-${arch}`
  const file = `${OUT}/${folder}.tar.xz`
  await tree(arch, `${WORK}/tar/${folder}`, 'share/zsh/site-functions')
  const sameForAll = [
    '--sort=name',
    `--mtime=@${process.env.SOURCE_DATE_EPOCH}`,
    '--owner=0',
    '--group=0',
    '--numeric-owner',
  ]
  await run('tar', [...sameForAll, '-I', `xz -T0 -${level}`, '-cf', file, '-C', `${WORK}/tar`, folder])
  await rm(`${WORK}/tar`, { recursive: true })
  return file
}

async function deb(arch) {
  const architecture = { x64: 'amd64', arm64: 'arm64' }[arch]
  const root = `${WORK}/deb`
  const file = `${OUT}/${name}_${version}_${architecture}.deb`
  await rm(root, { recursive: true, force: true })
  await tree(arch, `${root}/usr`, 'share/zsh/vendor-completions')
  const { stdout } = await run('du', ['-sk', `${root}/usr`])
  await mkdir(`${root}/DEBIAN`)
  await writeFile(
    `${root}/DEBIAN/control`,
    fields({
      Package: name,
      Version: version,
      Architecture: architecture,
      Maintainer: author ?? `the authors of ${name}`,
      'Installed-Size': Number.parseInt(stdout, 10),
      Depends: 'libc6 (>= 2.28), libgcc-s1 | libgcc1, libstdc++6 (>= 5)',
      Recommends: 'attr',
      Suggests: 'bpftool, criu, jq',
      Section: 'admin',
      Priority: 'optional',
      Homepage: homepage,
      Description: `${summary}\n ${description.slice(summary.length).trim()}`,
    }),
  )
  await run('dpkg-deb', [
    '--root-owner-group',
    level === '0' ? '-Znone' : '-Zxz',
    `-z${level}`,
    '--build',
    root,
    file,
  ])
  await rm(root, { recursive: true })
  return file
}

async function rpm(arch) {
  const architecture = { x64: 'x86_64', arm64: 'aarch64' }[arch]
  const top = `${process.cwd()}/${WORK}/rpm`
  const file = `${OUT}/${name}-${version}-1.${architecture}.rpm`
  await rm(top, { recursive: true, force: true })
  await tree(arch, `${top}/usr`, 'share/zsh/site-functions')
  const installed = await readdir(`${top}/usr`, { recursive: true, withFileTypes: true })
  // Folders of others, as /usr/share/man, are not ours.
  const files = installed.flatMap((entry) => {
    const path = `${entry.parentPath}/${entry.name}`.slice(top.length)
    if (!entry.isDirectory()) return [path]
    return path.includes(`/${name}`) ? [`%dir ${path}`] : []
  })
  await writeFile(`${top}/files`, `${files.join('\n')}\n`)
  const head = fields({
    Name: name,
    Version: version,
    Release: 1,
    Summary: summary,
    License: license,
    URL: homepage,
    // Their names in the packages are each distribution's own; what is in the libraries is not.
    AutoReqProv: 'no',
    Requires: [
      'libc.so.6(GLIBC_2.28)(64bit)',
      'libgcc_s.so.1()(64bit)',
      'libstdc++.so.6(GLIBCXX_3.4.21)(64bit)',
    ].join(', '),
    Recommends: '/usr/bin/getfattr',
  })
  await writeFile(
    `${top}/spec`,
    `${head}%description\n${description}\n%install\ncp -a ${top}/usr %{buildroot}/usr\n%files -f ${top}/files\n`,
  )
  const settings = {
    _topdir: top,
    _rpmdir: top,
    _rpmfilename: 'package.rpm',
    _binary_payload: level === '0' ? 'w.ufdio' : `w${level}.xzdio`,
    _build_id_links: 'none',
    _buildhost: 'localhost',
    use_source_date_epoch_as_buildtime: 1,
    clamp_mtime_to_source_date_epoch: 1,
    // Nothing is stripped, nor packed another way: the files are to be what they are.
    __os_install_post: '%{nil}',
    debug_package: '%{nil}',
  }
  const defines = Object.entries(settings).flatMap(([key, value]) => ['--define', `${key} ${value}`])
  await run('rpmbuild', ['-bb', '--target', `${architecture}-linux`, ...defines, `${top}/spec`])
  await rename(`${top}/package.rpm`, file)
  await rm(top, { recursive: true })
  return file
}

/** Lines of `Field: value`; of what is not known there is none. */
function fields(values) {
  const known = Object.entries(values).filter(([, value]) => value !== undefined && value !== '')
  return `${known.map(([field, value]) => `${field}: ${value}`).join('\n')}\n`
}
