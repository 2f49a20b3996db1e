/** A jar without classes, whose manifest puts a folder of jars on the class path. */
import { readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { crc32 } from 'node:zlib';

/** A manifest's lines have at most 72 bytes, line end included; the next one goes on after a space (JAR specification). */
const LINE_BYTES = 70;
/** Versions and lengths of ZIP (APPNOTE.TXT 4.3.7, 4.3.12, 4.3.16): stored, one file, no comments. */
const ZIP_VERSION = 20;

function manifestOf(entries) {
  let rest = `Class-Path: ${entries.join(' ')}`;
  const lines = [];
  while (rest.length > 0) {
    const length = lines.length === 0 ? LINE_BYTES : LINE_BYTES - 1;
    lines.push(`${lines.length === 0 ? '' : ' '}${rest.slice(0, length)}`);
    rest = rest.slice(length);
  }
  return `Manifest-Version: 1.0\r\n${lines.join('\r\n')}\r\n\r\n`;
}

/** An archive with one file, stored as it is. */
function zipOf(name, content) {
  const path = Buffer.from(name);
  const shared = Buffer.alloc(26);
  shared.writeUInt16LE(ZIP_VERSION, 0);
  shared.writeUInt32LE(crc32(content), 10);
  shared.writeUInt32LE(content.length, 14);
  shared.writeUInt32LE(content.length, 18);
  shared.writeUInt16LE(path.length, 22);
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), shared, path, content]);
  const central = Buffer.concat([
    Buffer.from('PK\x01\x02'),
    Buffer.from([ZIP_VERSION, 0]),
    shared,
    Buffer.alloc(14),
    path,
  ]);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06');
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, central, end]);
}

/**
 * Writes to `folder` a jar that stands for all jars of `lib`, for a job server: it sends its class path to the cluster with
 * every job, 150 MB that the cluster has already. The scanner that lists the class path follows a manifest, but unlike
 * Java it does not decode percent signs in relative entries (ClassGraph 4.8.104); so it sees this jar alone.
 */
export function writeThinJar(folder, lib) {
  symlinkSync(resolve(lib), join(folder, 'lib'), 'junction');
  const jars = readdirSync(lib).filter((name) => name.endsWith('.jar'));
  const entries = jars.sort().map((name) => `%6Cib/${encodeURIComponent(name)}`);
  const file = join(folder, 'thin.jar');
  writeFileSync(file, zipOf('META-INF/MANIFEST.MF', Buffer.from(manifestOf(entries))));
  return file;
}
