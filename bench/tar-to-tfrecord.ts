/** tar-to-tfrecord: image shards passed through, against a copy with a CRC, and against webdataset's and TensorFlow's writers. */
import { join } from 'node:path';
import { contest } from './contest.js';
import { startNode, startPython } from './contestant.js';
import { type Outcome, speedRatio } from './figures.js';
import { imageShards, imagesOfShard, SHARDS } from './image-shards.js';
import { cacheFolder, type Options } from './options.js';

const COPY_GOAL = 0.6;
const WRITER_GOAL = 1;

const PEERS = {
  copy: 'cp and CRC-32',
  'safe-copy': 'cp, CRC-32, SHA-256, fsync',
  webdataset: 'webdataset, tar to tar',
  tensorflow: 'webdataset, TensorFlow',
};

/** The copy that does what ours must has none. */
function goalOf(peer: string): number | undefined {
  if (peer === PEERS['safe-copy']) return undefined;
  return peer === PEERS.copy ? COPY_GOAL : WRITER_GOAL;
}

export async function tarToTfrecord(options: Options): Promise<Outcome> {
  const images = imagesOfShard(options);
  const folder = await imageShards(options, SHARDS, images);
  const output = (name: string) => cacheFolder(options, join('images-out', name));
  const { entries, absent } = await contest(
    [
      () => startNode('m4-balance', 'convert-shards.js', folder, output('m4-balance')),
      ...Object.entries(PEERS).map(
        ([engine, name]) =>
          () =>
            startPython(name, 'shards.py', engine, folder, output(engine)),
      ),
    ],
    options.runs,
  );
  const [ours, ...peers] = entries;
  return {
    title: `${SHARDS} tar shards of ${images} images of 40 KB`,
    entries,
    ratios: peers.map((peer) => speedRatio(ours!, peer, goalOf(peer.name))),
    notes: absent,
  };
}
