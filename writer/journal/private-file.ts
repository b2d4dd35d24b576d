/** Files and folders for this user alone, whatever the umask: the journal holds whole datagrams. */

import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'

const FOLDER_MODE = 0o700
const FILE_MODE = 0o600

/** Creates a folder when it is missing. The folders above it get the usual mode. */
export function makePrivateFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return
  mkdirSync(dirname(path), { recursive: true })
  mkdirSync(path, { mode: FOLDER_MODE })
  chmodSync(path, FOLDER_MODE)
}

/** Removes the rights of all other users on a folder, if this user owns it. */
export function closeFolderToOthers(path: string): void {
  const { mode, uid } = statSync(path)
  if ((mode & 0o077) !== 0 && uid === process.geteuid?.()) chmodSync(path, FOLDER_MODE)
}

/** Opens a file by flags of `node:fs`; throws the system's error. */
export function openPrivateFile(path: string, flags: number): number {
  const fd = openSync(path, flags, FILE_MODE)
  const found = fstatSync(fd)
  const isOwn = found.isFile() && found.uid === process.geteuid?.()
  if (isOwn && (found.mode & 0o777) !== FILE_MODE) fchmodSync(fd, FILE_MODE)
  return fd
}

/** Writes a file wholly or not at all, even in a power cut; throws the system's error. */
export function writePrivateFile(path: string, text: string): void {
  const unfinished = `${path}.new`
  try {
    const { O_WRONLY, O_CREAT, O_TRUNC } = constants
    const fd = openPrivateFile(unfinished, O_WRONLY | O_CREAT | O_TRUNC)
    try {
      writeFileSync(fd, text)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(unfinished, path)
  } catch (error) {
    rmSync(unfinished, { force: true })
    throw error
  }
  syncFolder(dirname(path))
}

/** Brings the names in a folder to the disk. */
export function syncFolder(path: string): void {
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
