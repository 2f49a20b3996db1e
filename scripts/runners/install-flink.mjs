/**
 * Installs Flink and Beam's Flink runner, as the jars that Maven finds for them: `node scripts/runners/install-flink.mjs`.
 * FLINK_LIB names a folder that has the jars already; FLINK_VERSION and BEAM_JAVA_VERSION ask for others than these.
 *
 * Run and tested: Flink 1.16.0 with Beam 2.48.0 on Java 17, the newest pair that the Maven repository we test with serves.
 * Beam publishes others (https://beam.apache.org/documentation/runners/flink, "Flink Version Compatibility"), also as a
 * ready-made job server; the class names, options and configuration keys in start-flink.mjs are those of all of them.
 */
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE, onPath } from './cache.mjs';
import { installAsCommand, run } from './command.mjs';

/** Flink's minor version, which is part of the artifact's name; its patch version is what Beam was built with. */
export const FLINK_VERSION = process.env.FLINK_VERSION || '1.16';
export const BEAM_JAVA_VERSION = process.env.BEAM_JAVA_VERSION || '2.48.0';
const SLF4J_VERSION = '1.7.30';

const FOLDER = join(CACHE, `flink-${FLINK_VERSION}-beam-${BEAM_JAVA_VERSION}`);
const LIB = join(FOLDER, 'lib');

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>m4-balance</groupId><artifactId>flink-runner</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.beam</groupId><artifactId>beam-runners-flink-${FLINK_VERSION}</artifactId>
      <version>${BEAM_JAVA_VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>${SLF4J_VERSION}</version>
    </dependency>
  </dependencies>
</project>
`;

/** The folder of the jars: FLINK_LIB or the installed ones; undefined where there are none. */
export function findFlink() {
  return process.env.FLINK_LIB || (existsSync(LIB) ? LIB : undefined);
}

/** Installs the jars unless FLINK_LIB or the cache has them. Returns their folder. */
export async function installFlink() {
  const found = findFlink();
  if (found !== undefined) return found;
  for (const command of ['java', 'mvn']) {
    if (onPath(command) === undefined)
      throw new Error(`Flink is installed with Maven and Java: no ${command} on the PATH`);
  }
  mkdirSync(FOLDER, { recursive: true });
  const pom = join(FOLDER, 'pom.xml');
  writeFileSync(pom, POM);
  // Renamed when it is whole.
  const partial = join(FOLDER, 'partial');
  rmSync(partial, { recursive: true, force: true });
  const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${partial}`];
  await run('mvn', ['--batch-mode', '--quiet', '--file', pom, ...goal]);
  renameSync(partial, LIB);
  return LIB;
}

await installAsCommand(import.meta.url, installFlink);
