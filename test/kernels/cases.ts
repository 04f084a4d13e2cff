/**
 * Cases of overlayfs, and what aufs-vma has to tell of each: what is so, or null where the kernel does not tell. A wrong
 * fact is the worst, so what the program still gets wrong stands here as it should be, with the reason in `fails`.
 */
import type { Case, Kind, Row } from './case.js'

/** The same on every kernel. */
function everywhere(...rows: Row[]): Record<Kind, Row[]> {
  return { mapsShowsLayer: rows, mapsShowsUnion: rows }
}

/** The kernel tells that the lower file is mapped, or does not. */
function toldByMaps(layer: Row): Record<Kind, Row[]> {
  return { mapsShowsLayer: [layer], mapsShowsUnion: [[layer[0], null, null]] }
}

export const cases: Case[] = [
  {
    title: 'a lower file is current',
    steps: `
      put base a; unite
      map u/a.so`,
    expected: everywhere(['u/a.so', 'current', 'base']),
  },
  {
    title: 'a lower file of another filesystem than the upper folder is current',
    steps: `
      mount -t tmpfs tmpfs base
      put base a; unite
      map u/a.so`,
    expected: everywhere(['u/a.so', 'current', 'base']),
  },
  {
    title: 'of several lower layers the topmost that has the file supplies it',
    steps: `
      put base a b; put mid a
      overlay u mid:base top
      map u/a.so u/b.so`,
    expected: everywhere(['u/a.so', 'current', 'mid'], ['u/b.so', 'current', 'base']),
  },
  {
    title: 'a union without an upper folder has current files alone',
    steps: `
      put base a b; put mid a
      overlay u mid:base -
      map u/a.so u/b.so`,
    expected: everywhere(['u/a.so', 'current', 'mid'], ['u/b.so', 'current', 'base']),
  },
  {
    title: 'a new file of the upper folder is current',
    steps: `
      put base a; unite; put u new
      map u/new.so`,
    expected: everywhere(['u/new.so', 'current', 'top']),
  },
  {
    title: 'a new file of the upper folder stays current when it is written and renamed',
    steps: `
      put base a; unite; put u new
      map u/new.so
      alter u/new.so
      mv u/new.so u/newer.so`,
    expected: everywhere(['u/newer.so', 'current', 'top']),
  },
  {
    title: 'a lower file that was written since is copied up',
    steps: `
      put base a; unite
      map u/a.so
      alter u/a.so`,
    expected: toldByMaps(['u/a.so', 'copied_up', 'base']),
  },
  {
    title: 'a lower file of another filesystem that was written since is copied up',
    steps: `
      mount -t tmpfs tmpfs base
      put base a; unite
      map u/a.so
      alter u/a.so`,
    expected: toldByMaps(['u/a.so', 'copied_up', 'base']),
  },
  {
    title: 'a lower file that chmod changed since is copied up',
    steps: `
      put base a; unite metacopy=off
      map u/a.so
      chmod 700 u/a.so`,
    expected: toldByMaps(['u/a.so', 'copied_up', 'base']),
  },
  {
    title: 'a file that was copied up before it was mapped is current',
    steps: `
      put base a; unite
      alter u/a.so
      map u/a.so`,
    expected: toldByMaps(['u/a.so', 'current', 'top']),
  },
  {
    title: 'two processes map a file before and after it was copied up',
    steps: `
      put base a; unite
      map u/a.so
      alter u/a.so
      map u/a.so`,
    expected: {
      mapsShowsLayer: [
        ['u/a.so', 'copied_up', 'base'],
        ['u/a.so', 'current', 'top'],
      ],
      mapsShowsUnion: [
        ['u/a.so', null, null],
        ['u/a.so', null, null],
      ],
    },
  },
  {
    title: 'a file that was copied up before the union was mounted is current',
    steps: `
      put base a; unite
      alter u/a.so
      sleep 0.1
      umount u; unite
      map u/a.so`,
    expected: everywhere(['u/a.so', 'current', 'top']),
  },
  {
    title: 'a lower file that was written since is copied up, though the clock was set back meanwhile',
    steps: `
      put base a; unite
      map u/a.so
      now=$(date +%s)
      date -s @$((now - 7200)) > /dev/null
      alter u/a.so
      date -s @$now > /dev/null`,
    movesClock: true,
    expected: toldByMaps(['u/a.so', 'copied_up', 'base']),
    fails: [{ since: [6, 8], why: 'current, top: by the clock the copy is older than any process' }],
  },
  {
    title: 'a lower file that was renamed since has its new name',
    steps: `
      put base a; unite
      map u/a.so
      mv u/a.so u/b.so`,
    expected: toldByMaps(['u/b.so', 'copied_up', null]),
  },
  {
    title: 'a lower file over which another was renamed is replaced',
    steps: `
      put base a; unite
      map u/a.so
      replace u/a.so`,
    expected: everywhere(['u/a.so', 'replaced', 'base']),
  },
  {
    title: 'a new file of the upper folder over which another was renamed is replaced',
    steps: `
      put base a; unite; put u new
      map u/new.so
      replace u/new.so`,
    expected: everywhere(['u/new.so', 'replaced', null]),
  },
  {
    title: 'of two lower files one of which was renamed over the other that is replaced',
    steps: `
      put base a b; unite
      map u/a.so u/b.so
      mv u/b.so u/a.so`,
    expected: {
      mapsShowsLayer: [
        ['u/a.so', 'copied_up', null],
        ['u/a.so', 'replaced', 'base'],
      ],
      mapsShowsUnion: [
        ['u/a.so', null, null],
        ['u/a.so', 'replaced', 'base'],
      ],
    },
  },
  {
    title: 'a lower file that was removed is deleted',
    steps: `
      put base a; unite
      map u/a.so
      rm u/a.so`,
    expected: everywhere(['u/a.so', 'deleted', 'base']),
  },
  {
    title: 'a copy that was mapped and removed is deleted, and not the lower file',
    steps: `
      put base a; unite
      alter u/a.so
      map u/a.so
      rm u/a.so`,
    expected: everywhere(['u/a.so', 'deleted', null]),
  },
  {
    title: 'a copy that was mapped and replaced is replaced, and not the lower file',
    steps: `
      put base a; unite
      alter u/a.so
      map u/a.so
      replace u/a.so`,
    expected: everywhere(['u/a.so', 'replaced', null]),
  },
  {
    title: 'a lower file that was removed and made again is replaced',
    steps: `
      put base a; unite
      map u/a.so
      rm u/a.so; put u a`,
    expected: everywhere(['u/a.so', 'replaced', 'base']),
  },
  {
    title: 'a file that was made over a whiteout is current',
    steps: `
      put base a; unite
      rm u/a.so; put u a
      map u/a.so`,
    expected: everywhere(['u/a.so', 'current', 'top']),
  },
  {
    title: 'a file that was made in an opaque folder is current',
    steps: `
      put base/d a; unite
      rm -r u/d; put u/d a
      map u/d/a.so`,
    expected: everywhere(['u/d/a.so', 'current', 'top']),
  },
  {
    title: 'a whiteout and an opaque folder in a lower layer hide what lies below',
    steps: `
      put base a; put base/d b
      overlay u base mid
      rm u/a.so; put u a
      rm -r u/d; put u/d b
      umount u
      overlay u mid:base top
      map u/a.so u/d/b.so`,
    expected: everywhere(['u/a.so', 'current', 'mid'], ['u/d/b.so', 'current', 'mid']),
  },
  {
    title: 'with metacopy a lower file that chmod changed stays current',
    steps: `
      put base a; unite metacopy=on
      map u/a.so
      chmod 700 u/a.so`,
    expected: everywhere(['u/a.so', 'current', 'base']),
  },
  {
    title: 'with metacopy a lower file that chmod changed and that was written since is copied up',
    steps: `
      put base a; unite metacopy=on
      map u/a.so
      chmod 700 u/a.so; alter u/a.so`,
    expected: toldByMaps(['u/a.so', 'copied_up', 'base']),
  },
  {
    title: 'with metacopy a copy of an earlier mount may have got its data since',
    steps: `
      put base a; unite metacopy=on
      chmod 700 u/a.so
      sleep 0.1
      umount u; unite metacopy=on
      map u/a.so
      alter u/a.so`,
    expected: toldByMaps(['u/a.so', 'copied_up', 'base']),
  },
  {
    title: 'with metacopy in a lower layer the one below has the data',
    steps: `
      put base a
      overlay u base mid metacopy=on
      chmod 700 u/a.so
      umount u
      overlay u mid:base top metacopy=on
      map u/a.so`,
    expected: everywhere(['u/a.so', 'current', 'base']),
  },
  {
    title: 'a data-only layer supplies what a metacopy leads to',
    steps: `
      put base a
      overlay u base mid metacopy=on redirect_dir=on
      mkdir u/d; mv u/a.so u/d/a.so
      umount u
      overlay u mid::base - metacopy=on
      map u/d/a.so`,
    since: [6, 5],
    expected: everywhere(['u/d/a.so', 'current', 'base']),
  },
  {
    title: 'a folder that was renamed leads to its lower file (redirect_dir)',
    steps: `
      put base/d a b; unite redirect_dir=on
      map u/d/a.so
      mv u/d u/e
      map u/e/b.so`,
    expected: everywhere(['u/e/a.so', 'current', 'base'], ['u/e/b.so', 'current', 'base']),
  },
  {
    title: 'a file in a renamed folder that was written since is copied up (redirect_dir)',
    steps: `
      put base/d a; unite redirect_dir=on
      map u/d/a.so
      mv u/d u/e
      alter u/e/a.so`,
    expected: toldByMaps(['u/e/a.so', 'copied_up', 'base']),
  },
  {
    title: 'without an index a hard link that was written leaves the other current',
    steps: `
      put base a; ln base/a.so base/b.so; unite index=off
      map u/a.so
      alter u/b.so`,
    expected: everywhere(['u/a.so', 'current', 'base']),
  },
  {
    title: 'with an index a lower file whose other hard link was written since is copied up',
    steps: `
      put base a; ln base/a.so base/b.so; unite index=on
      map u/a.so
      alter u/b.so`,
    expected: toldByMaps(['u/a.so', 'copied_up', 'base']),
  },
  {
    title: 'with an index a lower file is current while no hard link was written',
    steps: `
      put base a; ln base/a.so base/b.so; unite index=on
      map u/a.so`,
    expected: everywhere(['u/a.so', 'current', 'base']),
  },
  {
    title: 'with an index a lower file whose other hard link chmod changed since is copied up',
    steps: `
      put base a; ln base/a.so base/b.so; unite index=on metacopy=off
      map u/a.so
      chmod 700 u/b.so`,
    expected: toldByMaps(['u/a.so', 'copied_up', 'base']),
  },
  {
    title: 'with an index a lower file whose other hard link was written and removed since is copied up',
    steps: `
      put base a; ln base/a.so base/b.so; unite index=on
      map u/a.so
      alter u/b.so; rm u/b.so`,
    expected: toldByMaps(['u/a.so', 'copied_up', 'base']),
  },
  {
    title:
      'with an index nothing is known of a lower file that was written by its other hard link and whose layer a mount covers',
    steps: `
      put base a; ln base/a.so base/b.so; unite index=on
      map u/a.so
      alter u/b.so; rm u/b.so
      mount -t tmpfs tmpfs base`,
    expected: everywhere(['u/a.so', null, null]),
  },
  {
    title: 'with an index without copies a lower file whose layer is covered by a mount is current',
    steps: `
      put base a; unite index=on
      map u/a.so
      mount -t tmpfs tmpfs base`,
    expected: everywhere(['u/a.so', 'current', null]),
  },
  {
    title: 'without an index a hard link that was written since is copied up by itself',
    steps: `
      put base a; ln base/a.so base/b.so; unite index=off
      map u/a.so
      alter u/a.so`,
    expected: toldByMaps(['u/a.so', 'copied_up', 'base']),
  },
  {
    title: 'a lower file of which another hard link remains is deleted',
    steps: `
      put base a; ln base/a.so base/b.so; unite
      map u/a.so
      rm u/a.so`,
    expected: everywhere(['u/a.so', 'deleted', 'base']),
  },
  ...['xino=on', 'xino=off'].flatMap((xino): Case[] => [
    {
      title: `on several filesystems with ${xino} a lower file and a new one are current`,
      steps: `
        mount -t tmpfs tmpfs base; mount -t tmpfs tmpfs mid
        put base a; put mid b
        overlay u mid:base top ${xino}; put u new
        map u/a.so u/b.so u/new.so`,
      expected: everywhere(
        ['u/a.so', 'current', 'base'],
        ['u/b.so', 'current', 'mid'],
        ['u/new.so', 'current', 'top'],
      ),
    },
    {
      title: `on several filesystems with ${xino} a lower file that was written since is copied up`,
      steps: `
        mount -t tmpfs tmpfs base
        put base a; unite ${xino}
        map u/a.so
        alter u/a.so`,
      expected: toldByMaps(['u/a.so', 'copied_up', 'base']),
    },
  ]),
  {
    title: 'in a user namespace a lower file and a new one are current (userxattr)',
    steps: `
      put base a
      unshare -U -r -m sh -c "
        mount -t overlay overlay -o userxattr,lowerdir=$T/base,upperdir=$T/top,workdir=$T/work u
        cp u/a.so u/new.so
        LD_PRELOAD=$T/u/a.so:$T/u/new.so exec $sleep 100000" &
      told $! u/new.so`,
    since: [5, 11],
    expected: everywhere(['u/a.so', 'current', 'base'], ['u/new.so', 'current', 'top']),
  },
  {
    title: 'in a user namespace a lower file that was written since is copied up (userxattr)',
    steps: `
      put base a
      unshare -U -r -m sh -c "
        mount -t overlay overlay -o userxattr,lowerdir=$T/base,upperdir=$T/top,workdir=$T/work u
        LD_PRELOAD=$T/u/a.so exec $sleep 100000" &
      told $! u/a.so
      alter "/proc/$P/root$T/u/a.so"`,
    since: [5, 11],
    expected: toldByMaps(['u/a.so', 'copied_up', 'base']),
  },
  {
    title: 'a union that is the root of a container has its files by their paths there',
    steps: `
      mkdir base/old
      for name in lower written removed replaced; do cp "$(command -v busybox)" base/busybox-$name; done
      unite metacopy=off
      cp u/busybox-lower u/busybox-new
      for name in lower written removed replaced new; do
        unshare -m sh -c "cd u; pivot_root . old; exec /busybox-$name sleep 100000" &
        told $! /busybox-$name
      done
      chmod 700 u/busybox-written
      rm u/busybox-removed
      replace u/busybox-replaced`,
    expected: {
      mapsShowsLayer: [
        ['/busybox-lower', 'current', 'base'],
        ['/busybox-new', 'current', 'top'],
        ['/busybox-removed', 'deleted', 'base'],
        ['/busybox-replaced', 'replaced', 'base'],
        ['/busybox-written', 'copied_up', 'base'],
      ],
      mapsShowsUnion: [
        ['/busybox-lower', 'current', 'base'],
        ['/busybox-new', 'current', 'top'],
        ['/busybox-removed', 'deleted', 'base'],
        ['/busybox-replaced', 'replaced', 'base'],
        ['/busybox-written', null, null],
      ],
    },
  },
  {
    title: 'a process that went into a mount namespace of its own has the files that it mapped before',
    steps: `
      put base a; unite
      LD_PRELOAD=$T/u/a.so unshare -m -f sleep 100000 &
      until [ -n "$(cat /proc/$!/task/$!/children)" ]; do sleep 0.02; done
      told $! /a.so`,
    expected: everywhere(['u/a.so', 'current', 'base']),
  },
  {
    title: 'the first process of a pid namespace may have mapped its files before there was one',
    steps: `
      put base a; unite
      mkfifo go never
      # What this shell forks without another program is in the pid namespace, with all that the shell maps.
      # It says itself that it runs: what is called sh before may be this shell, and what maps the library, unshare.
      LD_PRELOAD=$T/u/a.so unshare -p sh -c '> ready; read go < go; (read never < never; :) & wait' &
      parent=$!
      until [ -e ready ]; do sleep 0.02; done
      alter u/a.so
      # The start of a process is told by whole seconds.
      sleep 4
      echo > go
      until child=$(cat /proc/$parent/task/$parent/children) && [ -n "$child" ]; do sleep 0.02; done
      told $child /a.so`,
    expected: toldByMaps(['u/a.so', 'copied_up', 'base']),
  },
  {
    title: 'a folder of a union that is bound elsewhere has its files there',
    steps: `
      mkdir v
      put base/d a b; unite
      mount --bind u/d v
      map v/a.so v/b.so
      alter v/b.so`,
    expected: {
      mapsShowsLayer: [
        ['v/a.so', 'current', 'base'],
        ['v/b.so', 'copied_up', 'base'],
      ],
      mapsShowsUnion: [
        ['v/a.so', 'current', 'base'],
        ['v/b.so', null, null],
      ],
    },
  },
  {
    title: 'a copy in one union of a layer is none in another',
    steps: `
      mkdir v other
      put base a; unite; overlay v base other
      map u/a.so
      alter v/a.so`,
    expected: everywhere(['u/a.so', 'current', 'base']),
  },
  {
    title: 'a lower file whose layer is covered by a mount is current, and of which layer it is is not known',
    steps: `
      put base a; unite
      map u/a.so
      mount -t tmpfs tmpfs base`,
    expected: everywhere(['u/a.so', 'current', null]),
  },
  {
    title: 'a lower file whose layer is covered by a mount and that was written since is not current',
    steps: `
      put base a; unite
      map u/a.so
      alter u/a.so
      mount -t tmpfs tmpfs base`,
    expected: {
      mapsShowsLayer: [['u/a.so', 'copied_up', null]],
      mapsShowsUnion: [['u/a.so', null, null]],
    },
  },
  {
    title:
      'of a lower file nothing is known but its layer where a mount covers the upper folder, empty or not',
    steps: `
      put base a b; unite
      map u/a.so u/b.so
      alter u/a.so
      mount -t tmpfs tmpfs top; put top b`,
    expected: {
      mapsShowsLayer: [
        ['u/a.so', null, 'base'],
        ['u/b.so', null, 'base'],
      ],
      mapsShowsUnion: [
        ['u/a.so', null, null],
        ['u/b.so', null, null],
      ],
    },
  },
  {
    title: 'of a file under a mount that came later nothing is known but its layer',
    steps: `
      put base/d a; unite
      map u/d/a.so
      mount -t tmpfs tmpfs u/d`,
    expected: everywhere(['u/d/a.so', null, 'base']),
  },
  {
    title: 'a lower layer that is an overlay itself supplies its files under the paths of the upper one',
    steps: `
      mkdir v other
      put base a b c; unite; put u d
      overlay v u other
      map v/a.so v/b.so v/c.so v/d.so
      rm v/b.so
      replace v/c.so`,
    expected: {
      mapsShowsLayer: [
        ['v/a.so', 'current', 'u'],
        ['v/b.so', 'deleted', 'u'],
        ['v/c.so', 'replaced', 'u'],
        ['v/d.so', 'current', 'u'],
      ],
      mapsShowsUnion: [
        ['v/a.so', 'current', 'u'],
        ['v/b.so', 'deleted', null],
        ['v/c.so', 'replaced', null],
        ['v/d.so', 'current', 'u'],
      ],
    },
    ofLayerMount: [
      ['v/a.so', 'current', 'u'],
      ['v/b.so', 'deleted', 'u'],
      ['v/c.so', 'replaced', 'u'],
      ['v/d.so', 'current', 'u'],
    ],
  },
  {
    title: 'a file of a lower layer that is an overlay itself is copied up when it was written since',
    steps: `
      mkdir v other
      put base a; unite; overlay v u other
      map v/a.so
      alter v/a.so`,
    expected: toldByMaps(['v/a.so', 'copied_up', 'u']),
    ofLayerMount: [['v/a.so', 'copied_up', 'u']],
  },
  {
    title: 'of a lower layer that is an overlay itself its own copies are told from the upper one’s',
    steps: `
      mkdir v other
      put base a b; unite; alter u/b.so; overlay v u other
      map v/a.so v/b.so
      alter v/b.so
      map v/a.so v/b.so`,
    expected: {
      mapsShowsLayer: [
        ['v/a.so', 'current', 'u'],
        ['v/a.so', 'current', 'u'],
        ['v/b.so', 'copied_up', 'u'],
        ['v/b.so', 'current', 'other'],
      ],
      mapsShowsUnion: [
        ['v/a.so', 'current', 'u'],
        ['v/a.so', 'current', 'u'],
        ['v/b.so', null, null],
        ['v/b.so', null, null],
      ],
    },
    ofLayerMount: [
      ['v/a.so', 'current', 'u'],
      ['v/a.so', 'current', 'u'],
      ['v/b.so', 'copied_up', 'u'],
      ['v/b.so', null, null],
    ],
  },
  {
    title: 'an overlay that was mounted over another of the same layer leaves its files current',
    steps: `
      mkdir other
      put base a; unite
      map u/a.so
      overlay u base other`,
    expected: everywhere(['u/a.so', 'current', 'base']),
  },
  {
    title: 'an overlay that was mounted over a folder in use leaves its files current',
    steps: `
      put x a
      map x/a.so
      overlay x x top`,
    expected: everywhere(['x/a.so', 'current', null]),
  },
  {
    title: 'under an overlay that was mounted over a folder in use a file that was written is not current',
    steps: `
      put x a
      map x/a.so
      overlay x x top
      alter x/a.so`,
    expected: everywhere(['x/a.so', 'copied_up', null]),
  },
  {
    title: 'under an overlay that was mounted over a folder in use a file that was replaced is replaced',
    steps: `
      put x a
      map x/a.so
      overlay x x top
      replace x/a.so`,
    expected: everywhere(['x/a.so', 'replaced', null]),
  },
  {
    title: 'of a union that was unmounted while in use nothing is known',
    steps: `
      put base a; put u a; unite
      map u/a.so
      umount -l u`,
    expected: everywhere(['/a.so', null, null]),
  },
]
