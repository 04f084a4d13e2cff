/** Runs a command on another kernel, in an emulated machine. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Outcome, outcome } from '../helpers/run.js'
import { type Contents, makeInitramfs } from './initramfs.js'
import type { KernelImage } from './kernel-image.js'

/** A guest that takes seconds here may have a machine that is ten times slower, and busy. */
export const BOOT_LIMIT_MINUTES = 30

/** guest/init writes this after what the command wrote. */
const ENDED = /\nended with status (\d+)\n$/

/**
 * Boots a kernel, runs a command as root and powers off.
 *
 * @param command a line of shell
 * @returns what the command wrote, with the kernel's messages in `stderr`, and its exit status
 * @throws where the guest did not come to the end of the command
 */
export async function boot(kernel: KernelImage, contents: Contents, command: string): Promise<Outcome> {
  const work = mkdtempSync(join(tmpdir(), 'aufs-filters-guest-'))
  try {
    const initramfs = await makeInitramfs(kernel, contents, command, work)
    const [messages, output] = [join(work, 'messages'), join(work, 'output')]
    const { stderr, status } = await outcome('timeout', [
      // Also ends a guest whose test is gone.
      ...['--kill-after=10', `${BOOT_LIMIT_MINUTES}m`],
      ...['qemu-system-x86_64', '-nodefaults', '-no-reboot', '-display', 'none', '-m', '1024'],
      // Not KVM: within a virtual machine it may be there and hang.
      ...['-accel', 'tcg'],
      ...['-kernel', kernel.image, '-initrd', initramfs],
      // A kernel that panics resets the machine, which ends QEMU.
      ...['-append', 'console=ttyS0 loglevel=4 panic=-1'],
      // Not a pipe: what its reader does not take in time, a serial line loses.
      ...['-serial', `file:${messages}`, '-serial', `file:${output}`],
    ])
    const [said, wrote] = [readText(messages), readText(output)]
    const end = ENDED.exec(wrote)
    if (end !== null) return { stdout: wrote.slice(0, end.index), stderr: said, status: Number(end[1]) }
    const reason = status === 124 ? `not done in ${BOOT_LIMIT_MINUTES} minutes` : `QEMU ended with ${status}`
    throw new Error(`${kernel.release}: ${reason}\n${stderr}${said.slice(-4000)}`)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}
